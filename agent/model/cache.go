package model

import (
	"container/list"
	"sync"
	"time"
)

// cache keeps the newest answers, bounded in number and bytes. It is safe for
// concurrent use.
type cache struct {
	mu      sync.Mutex
	entries map[[32]byte]*list.Element
	order   *list.List // the most recently used first
	bytes   int

	most, mostBytes int
	ttl             time.Duration
}

type cached struct {
	key      [32]byte
	goal     string // which paid for it
	response Response
	until    time.Time
}

func (c cached) bytes() int { return len(c.response.Text) + len(c.response.JSON) }

func newCache(most, mostBytes int, ttl time.Duration) *cache {
	return &cache{entries: map[[32]byte]*list.Element{}, order: list.New(), most: most, mostBytes: mostBytes, ttl: ttl}
}

func (c *cache) get(key [32]byte, now time.Time) (r Response, goal string, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.entries[key]
	if !ok {
		return Response{}, "", false
	}
	entry, _ := e.Value.(cached)
	if !now.Before(entry.until) {
		c.drop(e)
		return Response{}, "", false
	}
	c.order.MoveToFront(e)
	return entry.response, entry.goal, true
}

func (c *cache) put(key [32]byte, goal string, r Response, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, ok := c.entries[key]; ok {
		c.drop(old)
	}
	entry := cached{key: key, goal: goal, response: r, until: now.Add(c.ttl)}
	c.entries[key] = c.order.PushFront(entry)
	c.bytes += entry.bytes()
	for c.order.Len() > 0 && (c.order.Len() > c.most || c.bytes > c.mostBytes) {
		c.drop(c.order.Back())
	}
}

func (c *cache) drop(e *list.Element) {
	entry, _ := c.order.Remove(e).(cached)
	delete(c.entries, entry.key)
	c.bytes -= entry.bytes()
}
