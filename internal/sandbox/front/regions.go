package front

import (
	"maps"
	"slices"
	"strings"
)

// Stores are maps of pointers by region and name, such as "us-east-1 main".

// inRegion are a region's values of a store, in order.
func inRegion[V any](all map[string]V, region string) []V {
	var found []V
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if strings.HasPrefix(key, region+" ") {
			found = append(found, all[key])
		}
	}
	return found
}

// mortal is what takes a while to go away.
type mortal[V any] interface {
	*V
	gone(m moment) bool
}

// living is what a store has by a key, nil when that is gone.
func living[V any, P mortal[V]](m moment, all map[string]P, key string) P {
	one := all[key]
	if one == nil || one.gone(m) {
		return nil
	}
	return one
}

// livingIn are a region's values of a store that are not gone, in order.
func livingIn[V any, P mortal[V]](m moment, all map[string]P, region string) []P {
	return slices.DeleteFunc(inRegion(all, region), func(one P) bool { return one.gone(m) })
}

func each[V, X any](all []V, tell func(V) X) []X {
	var told []X
	for _, one := range all {
		told = append(told, tell(one))
	}
	return told
}
