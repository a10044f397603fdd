package front

import (
	"context"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// patch mends an emulator's answer where it is wrong or lacks what providers
// read; each service has a file patch_SERVICE.go.
func (f *Front) patch(_ context.Context, _ wire.Call, resp wire.Response) wire.Response {
	return resp
}
