package confine_test

import (
	"os"
	"testing"

	"github.com/aegisworld/aegis/internal/confine"
)

// TestMain lets the test binary stand for the child.
func TestMain(m *testing.M) {
	confine.Child()
	os.Exit(m.Run())
}
