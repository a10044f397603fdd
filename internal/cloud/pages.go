package cloud

import (
	"context"
	"iter"
)

// pager is a paginator of the AWS SDK.
type pager[Options, Page any] interface {
	HasMorePages() bool
	NextPage(ctx context.Context, options ...func(*Options)) (*Page, error)
}

// items are the items of all pages. A page that can't be read is an error, after
// which there are no more.
func items[Options, Page, Item any](
	ctx context.Context, pages pager[Options, Page], of func(*Page) []Item,
) iter.Seq2[Item, error] {
	return func(yield func(Item, error) bool) {
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				var none Item
				yield(none, err)
				return
			}
			for _, item := range of(page) {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}
