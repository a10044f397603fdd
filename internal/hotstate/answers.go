package hotstate

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

func (r *Redis) answerKey(digest [32]byte) string {
	return r.prefix + "answer:" + hex.EncodeToString(digest[:])
}

// KeptAnswer is the model's answer that was kept for a digest, until its end; ok is
// false when that is nothing. aegis.ErrUnavailable: Redis does not answer.
func (r *Redis) KeptAnswer(ctx context.Context, digest [32]byte) (answer []byte, ok bool, err error) {
	answer, err = r.client.Get(ctx, r.answerKey(digest)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("read a kept answer: %w", unavailable(err))
	}
	return answer, true, nil
}

// KeepAnswer keeps a model's answer so long; of two for one digest the first stays
// until its end. aegis.ErrUnavailable: Redis does not answer.
func (r *Redis) KeepAnswer(ctx context.Context, digest [32]byte, answer []byte, life time.Duration) error {
	if err := r.client.SetNX(ctx, r.answerKey(digest), answer, life).Err(); err != nil {
		return fmt.Errorf("keep an answer: %w", unavailable(err))
	}
	return nil
}
