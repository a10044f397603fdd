package api

import (
	"slices"

	"github.com/aegisworld/aegis"
)

// PageQuery holds the parameters of every list.
type PageQuery struct {
	Limit  int    `query:"limit"  minimum:"1" maximum:"500" default:"50" doc:"Most items to answer"`
	Cursor string `query:"cursor" maxLength:"512" pattern:"^[A-Za-z0-9_=.:-]+$" doc:"next_cursor of the page before"`
}

func (q PageQuery) page() aegis.Page { return aegis.Page{Limit: q.Limit, Cursor: q.Cursor} }

// List is one page of a list, newest first.
type List[T any] struct {
	Items []T `json:"items" nullable:"false"`
	// NextCursor asks for the following page; "" says that there is none.
	NextCursor string `json:"next_cursor"`
}

type listOutput[T any] struct {
	Body List[T]
}

func listOf[T any](items []T, next string, err error) (*listOutput[T], error) {
	if err != nil {
		return nil, err
	}
	if items == nil {
		items = []T{}
	}
	return &listOutput[T]{Body: List[T]{Items: items, NextCursor: next}}, nil
}

// pageOf cuts a page out of a list that stores give as a whole. A cursor is the
// id of the last item of the page before.
func pageOf[T any](items []T, q PageQuery, id func(T) string) (*listOutput[T], error) {
	if q.Cursor != "" {
		last := slices.IndexFunc(items, func(item T) bool { return id(item) == q.Cursor })
		if last < 0 {
			return nil, aegis.Invalid("cursor", "give the next_cursor of the page before, unchanged")
		}
		items = items[last+1:]
	}
	if len(items) <= q.Limit {
		return listOf(items, "", nil)
	}
	return listOf(items[:q.Limit], id(items[q.Limit-1]), nil)
}

// itemOutput is one object.
type itemOutput[T any] struct {
	Body T
}

func itemOf[T any](item T, err error) (*itemOutput[T], error) {
	if err != nil {
		return nil, err
	}
	return &itemOutput[T]{Body: item}, nil
}

// createdOutput is an object that was made or accepted, and where it is.
type createdOutput[T any] struct {
	Location string `header:"Location" doc:"Where the object is"`
	Body     T
}

// nothing is the body of a POST that takes none: {} or no body at all.
type nothing struct{}
