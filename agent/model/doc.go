// Package model routes questions to language models. A Router chooses among
// configured models by task kind, length, data scope, price and what it has
// observed of them; it falls back, retries, hedges, caches, checks structured
// answers, and reserves what a call may cost at most before it is made. Vendors
// are behind Provider, money is behind Ledger.
//
// What a model answers is hostile: the router bounds it and checks it against a
// schema, and gives it no power. Tools and loops are its callers' business.
package model
