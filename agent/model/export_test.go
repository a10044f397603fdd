package model

import (
	"encoding/json"
	"time"
)

// Extract is extract, for tests.
func Extract(text string) (json.RawMessage, error) { return extract(text) }

// Cache is a cache, for tests.
type Cache struct{ *cache }

// NewCache is newCache, for tests.
func NewCache(most, mostBytes int) Cache { return Cache{newCache(most, mostBytes, time.Hour)} }

// Put and Get use one byte of a key.
func (c Cache) Put(key byte, text string) {
	c.put([32]byte{key}, "", Response{Text: text}, time.Time{})
}

// Get returns the text.
func (c Cache) Get(key byte) (string, bool) {
	r, _, ok := c.get([32]byte{key}, time.Time{})
	return r.Text, ok
}

// Size is how much is kept.
func (c Cache) Size() (entries, bytes int) { return len(c.entries), c.bytes }
