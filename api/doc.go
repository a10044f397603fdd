// Package api serves the HTTP contract of AegisWorld: bearer tokens with
// roles, schema-checked input, RFC 9457 problem documents, idempotent POSTs,
// server-sent events and an OpenAPI 3.1 description at /openapi.json.
//
// A handler decodes, calls one method and encodes. What may call what is one
// table (access.go); which error is which problem is another (problem.go).
package api
