// Package rollout is the one door: every change to the world is an
// aegis.AutonomousChangeSet that passes plan, gate, canary, apply and verify,
// and is promoted or rolled back.
package rollout
