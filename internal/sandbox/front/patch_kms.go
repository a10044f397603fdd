package front

import (
	"context"
	"strconv"
	"strings"

	"github.com/aegisworld/aegis/internal/sandbox/wire"
)

// kmsPatches remember a key's rotation period, which the emulator forgets, and
// make replicas of multi-Region keys.
func kmsPatches() []patch {
	return []patch{
		{service: "kms", action: "EnableKeyRotation", note: noteRotation},
		{service: "kms", action: "DisableKeyRotation", note: func(n *notes, c wire.Call) {
			n.set(c.Region, rotationFact(bodyOf[rotation](c).KeyID), "")
		}},
		{service: "kms", action: "GetKeyRotationStatus", answer: tellRotation},
		{service: "kms", action: "ReplicateKey", serve: replicateKey, note: noteKeyReplica},
		{service: "kms", action: "DescribeKey", answer: tellKeyReplicas},
	}
}

// defaultRotation is the period of a key that was given none, in days.
const defaultRotation = 365

type rotation struct {
	KeyID                string `json:"KeyId"`
	RotationPeriodInDays int    `json:"RotationPeriodInDays"`
}

func rotationFact(id string) string { return "rotation of " + id[strings.LastIndexByte(id, '/')+1:] }

func noteRotation(n *notes, c wire.Call) {
	r := bodyOf[rotation](c)
	if r.RotationPeriodInDays > 0 {
		n.set(c.Region, rotationFact(r.KeyID), strconv.Itoa(r.RotationPeriodInDays))
	}
}

func tellRotation(_ context.Context, f *Front, c wire.Call, body []byte) []byte {
	return edited(body, func(status map[string]any) {
		if status["KeyRotationEnabled"] != true {
			return
		}
		id := bodyOf[rotation](c).KeyID
		days, err := strconv.Atoi(f.notes.get(c.Region, rotationFact(id)))
		if err != nil {
			days = defaultRotation
		}
		status["KeyId"], status["RotationPeriodInDays"] = id, days
	})
}
