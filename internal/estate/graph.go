package estate

import (
	"encoding/xml"
	"fmt"
	"strings"
)

// DOT is the estate as a graph in the language of Graphviz: an arrow goes from a
// stack to the one that reads its outputs.
func (e Estate) DOT() string {
	var b strings.Builder
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) } // into memory
	put("digraph estate {")
	put("  rankdir=LR;")
	put("  node [shape=box, fontname=\"sans-serif\"];")
	for i, region := range e.Regions {
		put("  subgraph cluster_%d {", i)
		put("    label=%q;", region)
		for _, s := range e.Stacks {
			if s.Region == region {
				put("    %q [label=%q];", s.StackID, s.Layer+"\n"+s.summary())
			}
		}
		put("  }")
	}
	for _, s := range e.Stacks {
		for _, id := range s.DependsOn {
			put("  %q -> %q;", id, s.StackID)
		}
	}
	put("}")
	return b.String()
}

func (s Stack) summary() string {
	return fmt.Sprintf("%d resources, $%.2f a month", s.Resources, s.USDMonth)
}

// Sizes of the picture, in pixels.
const (
	boxWidth, boxHeight = 200, 48
	gapX, gapY          = 60, 16
	heading             = 24
)

// place is where a stack's box is.
type place struct{ x, y int }

// SVG is the same graph as a picture: a band for each region, and in it the
// stacks from left to right by what they wait for.
func (e Estate) SVG() string {
	places, width, height := e.layout()
	var b strings.Builder
	put := func(format string, args ...any) { _, _ = fmt.Fprintf(&b, format+"\n", args...) } // into memory
	put(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="13">`, width, height)
	put(`<title>%s</title>`, escape(fmt.Sprintf("Estate %s, %d resources, $%.2f a month", e.Environment, e.Resources, e.USDMonth)))
	put(`<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">` +
		`<path d="M0 0 8 4 0 8z" fill="#555"/></marker></defs>`)
	put(`<rect width="100%%" height="100%%" fill="#fff"/>`)
	for _, region := range e.Regions {
		top, bottom := height, 0
		for _, s := range e.Stacks {
			if s.Region == region {
				top, bottom = min(top, places[s.StackID].y), max(bottom, places[s.StackID].y+boxHeight)
			}
		}
		put(`<rect x="8" y="%d" width="%d" height="%d" fill="#f4f6f8" stroke="#c8ced6"/>`, top-heading-4, width-16, bottom-top+heading+12)
		put(`<text x="16" y="%d" font-weight="bold">%s</text>`, top-10, escape(region))
	}
	for _, s := range e.Stacks {
		for _, id := range s.DependsOn {
			from, to := places[id], places[s.StackID]
			x1, y1, x2, y2 := from.x+boxWidth, from.y+boxHeight/2, to.x, to.y+boxHeight/2
			put(`<path d="M%d %d C%d %d %d %d %d %d" fill="none" stroke="#555" marker-end="url(#arrow)"/>`,
				x1, y1, x1+gapX/2, y1, x2-gapX/2, y2, x2, y2)
		}
	}
	for _, s := range e.Stacks {
		at := places[s.StackID]
		put(`<g><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="4" fill="#fff" stroke="#2f5d8a"/>`,
			escape(s.StackID), at.x, at.y, boxWidth, boxHeight)
		put(`<text x="%d" y="%d" font-weight="bold">%s</text>`, at.x+10, at.y+19, escape(s.Layer))
		put(`<text x="%d" y="%d" font-size="11">%s</text></g>`, at.x+10, at.y+37, escape(s.summary()))
	}
	put("</svg>")
	return b.String()
}

// layout puts stacks of one region that wait for as many others below each
// other.
func (e Estate) layout() (places map[string]place, width, height int) {
	places = map[string]place{}
	depth := e.depths()
	y := 12
	for _, region := range e.Regions {
		y += heading
		filled, rows := map[int]int{}, 0
		for _, s := range e.Stacks {
			if s.Region != region {
				continue
			}
			column := depth[s.StackID]
			places[s.StackID] = place{x: 20 + column*(boxWidth+gapX), y: y + filled[column]*(boxHeight+gapY)}
			filled[column]++
			rows = max(rows, filled[column])
			width = max(width, 20+column*(boxWidth+gapX)+boxWidth+20)
		}
		y += rows*(boxHeight+gapY) + gapY
	}
	return places, width, y + 4
}

// depths is how many stacks in a row each waits for; stacks are in order.
func (e Estate) depths() map[string]int {
	depth := map[string]int{}
	for _, s := range e.Stacks {
		for _, id := range s.DependsOn {
			depth[s.StackID] = max(depth[s.StackID], depth[id]+1)
		}
	}
	return depth
}

func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // into memory
	return b.String()
}
