package api

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// filled is a huma transformer: no list of an answer is null, so that clients
// can range over it. What it fills is a copy; stores keep what is theirs.
func filled(_ huma.Context, _ string, body any) (any, error) {
	if body == nil {
		return nil, nil //nolint:nilnil // no body stays none
	}
	whole := reflect.New(reflect.TypeOf(body)).Elem()
	whole.Set(reflect.ValueOf(body))
	fill(whole)
	return whole.Interface(), nil
}

// fill replaces nil lists below v. Values of unknown shape, as in the before
// and after of a diff, are left as they are: null says that there is none.
func fill(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // nothing else holds lists
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() {
				fill(field)
			}
		}
	case reflect.Pointer:
		if !v.IsNil() {
			own := reflect.New(v.Type().Elem())
			own.Elem().Set(v.Elem())
			fill(own.Elem())
			v.Set(own)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() != reflect.Uint8 {
			fillList(v)
		}
	case reflect.Map:
		if v.IsNil() && v.Type().Elem().Kind() != reflect.Interface {
			v.Set(reflect.MakeMap(v.Type()))
		}
	}
}

func fillList(v reflect.Value) {
	own := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
	reflect.Copy(own, v)
	for i := range own.Len() {
		fill(own.Index(i))
	}
	v.Set(own)
}
