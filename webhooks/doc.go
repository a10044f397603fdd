// Package webhooks tells endpoints of events: it signs by Standard Webhooks
// 1.0.0, writes CloudEvents 1.0 or chat messages, keeps the order of each
// stack, and tries for three days.
//
// A Dispatcher turns events into deliveries, once each, in one transaction with
// its cursor. Each delivery is a job that carries nothing but its id; a Sender
// claims it, posts it, and records what came of it together with what follows.
// So a process may die anywhere: a delivery is sent at least once.
package webhooks
