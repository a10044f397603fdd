// Package trail reads CloudTrail records, in all shapes in which they travel,
// and finds the resources that they are about. What it reads comes from
// outside: it is bounded in size, depth and number, and nothing in it is
// trusted.
package trail
