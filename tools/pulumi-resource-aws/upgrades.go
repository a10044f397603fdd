package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
)

// maxUpgrades is how many states are remembered; each takes some 2 KB.
const maxUpgrades = 16384

// upgrades remembers what states become in the schema's version. That depends on
// the state alone, and every read asks it again.
type upgrades = lru.Cache[[sha256.Size]byte, *tfprotov6.DynamicValue]

func newUpgrades() *upgrades {
	remembered, err := lru.New[[sha256.Size]byte, *tfprotov6.DynamicValue](maxUpgrades)
	if err != nil {
		panic(err) // maxUpgrades is positive
	}
	return remembered
}

// upgradeOf is the hash of a stored state.
func upgradeOf(r *tfprotov6.UpgradeResourceStateRequest) (key [sha256.Size]byte) {
	sum := sha256.New()
	fmt.Fprintf(sum, "%s %d ", r.TypeName, r.Version)
	if r.RawState != nil {
		// Maps are encoded in the order of their keys; a map of strings can't fail.
		_ = json.NewEncoder(sum).Encode(r.RawState.Flatmap)
		sum.Write(r.RawState.JSON)
	}
	sum.Sum(key[:0])
	return key
}
