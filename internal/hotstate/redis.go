// Package hotstate keeps state that is asked for at every request and is worth
// nothing after a day in Redis: which request an idempotency key was used for,
// and how it was answered. Without Redis the control database keeps it.
package hotstate

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/aegisworld/aegis"
)

const (
	// answerPatience is how long a request may take before its key can be used
	// again: its process is taken for dead.
	answerPatience = time.Minute
	// answerLife is how long an answer is repeated.
	answerLife = 24 * time.Hour
	// patience bounds one call.
	patience = 3 * time.Second
)

// Options say which Redis, and as whom.
type Options struct {
	// URL is rediss://USER@HOST:PORT/DB, or redis:// on this machine.
	URL string
	// PasswordFile holds the password; it is read for each connection.
	PasswordFile string
	// Cluster says that URL is the configuration endpoint of a Redis in cluster mode,
	// which has one database, 0.
	Cluster bool
	// Prefix begins every key, so that several environments may share a server.
	Prefix string
}

// Check returns an aegis.InvalidError for an address that is not used: one with
// a password in it, or without TLS to another machine.
func Check(address string) error {
	_, err := parse(address)
	return err
}

func parse(address string) (*redis.Options, error) {
	const form = "give rediss://USER@HOST:PORT/DB, and the password in a file"
	u, err := url.Parse(address)
	if err != nil {
		return nil, aegis.Invalid("redis", form) // the cause would show it
	}
	if _, has := u.User.Password(); has {
		return nil, aegis.Invalid("redis", "has a password in it: name a password_file instead")
	}
	if u.Scheme != "redis" && u.Scheme != "rediss" || u.Hostname() == "" || u.RawQuery != "" {
		return nil, aegis.Invalid("redis", form)
	}
	if u.Scheme == "redis" && !loopback(u.Hostname()) {
		return nil, aegis.Invalid("redis", "goes to another machine without TLS: use rediss://")
	}
	options, err := redis.ParseURL(address)
	if err != nil {
		return nil, aegis.Invalid("redis", form)
	}
	return options, nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// Redis keeps hot state in a Redis of version 6 or later. Its methods may be
// called at once.
type Redis struct {
	client redis.UniversalClient
	prefix string
}

// Open prepares the use of a Redis; it does not connect.
func Open(o Options) (*Redis, error) {
	options, err := parse(o.URL)
	if err != nil {
		return nil, err
	}
	if options.TLSConfig != nil {
		options.TLSConfig.MinVersion = tls.VersionTLS12
	}
	if o.PasswordFile != "" {
		name := options.Username
		options.Username = ""
		options.CredentialsProviderContext = func(context.Context) (string, string, error) {
			b, err := os.ReadFile(o.PasswordFile)
			if err != nil {
				return "", "", fmt.Errorf("read the password of Redis: %w", err)
			}
			return name, strings.TrimSpace(string(b)), nil
		}
	}
	options.DialTimeout, options.ReadTimeout, options.WriteTimeout = patience, patience, patience
	options.ContextTimeoutEnabled, options.DisableIdentity = true, true
	// Notifications of maintenance are a feature of another product.
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if !o.Cluster {
		return &Redis{client: redis.NewClient(options), prefix: o.Prefix}, nil
	}
	if options.DB != 0 {
		return nil, aegis.Invalid("redis", "a Redis in cluster mode has no database but 0")
	}
	// Each request is about one key, so that no script reaches over two shards.
	return &Redis{prefix: o.Prefix, client: redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: []string{options.Addr}, TLSConfig: options.TLSConfig, Username: options.Username,
		CredentialsProviderContext: options.CredentialsProviderContext,
		DialTimeout:                patience, ReadTimeout: patience, WriteTimeout: patience, ContextTimeoutEnabled: true,
		DisableIdentity: true, MaintNotificationsConfig: options.MaintNotificationsConfig,
	})}, nil
}

// Close closes the connections.
func (r *Redis) Close() error { return r.client.Close() }

// key names a request without showing whose it is. Nothing but its hash is
// needed, and a hash has no characters that mean something.
func (r *Redis) key(principal, key string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d\n%s\n%s", len(principal), principal, key))
	return r.prefix + "request:" + hex.EncodeToString(sum[:])
}

// The clock is Redis's own, so that all processes agree. began is in
// microseconds; until is when the key is free, in milliseconds. What is free is
// remembered for a while: a request that is tried again begins when it began.
const clock = `
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local life = tonumber(ARGV[1])
`

//nolint:gochecknoglobals // constants, but for their digests
var (
	beginScript = redis.NewScript(clock + `
local digest, patience = ARGV[2], tonumber(ARGV[3])
local had = redis.call('HMGET', KEYS[1], 'digest', 'began', 'until', 'status', 'header', 'body')
if not had[1] or tonumber(had[3]) <= now then
	local began = string.format('%.0f', t[1] * 1000000 + t[2])
	if had[1] == digest and not had[4] then began = had[2] end
	redis.call('DEL', KEYS[1])
	redis.call('HSET', KEYS[1], 'digest', digest, 'began', began, 'until', string.format('%.0f', now + patience))
	redis.call('PEXPIRE', KEYS[1], life)
	return {'new', began}
end
if had[1] ~= digest then return {'mismatch'} end
if not had[4] then return {'busy'} end
return {'stored', had[2], had[4], had[5], had[6]}
`)
	finishScript = redis.NewScript(clock + `
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if ARGV[2] == '' then
	if redis.call('HEXISTS', KEYS[1], 'status') == 0 then
		redis.call('HSET', KEYS[1], 'until', string.format('%.0f', now))
	end
	return 1
end
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'header', ARGV[3], 'body', ARGV[4], 'until', string.format('%.0f', now + life))
redis.call('PEXPIRE', KEYS[1], life)
return 1
`)
)

// BeginRequest takes an idempotency key for a request with this digest. It
// returns no response the first time, and the stored one once there is one.
// began is when this request was begun first, also when its process died or
// answered 5xx.
// aegis.ErrConflict: the first one is still being answered.
// aegis.ErrIdempotencyMismatch: the key was used for another request.
// aegis.ErrUnavailable: Redis does not answer.
func (r *Redis) BeginRequest(
	ctx context.Context, principal, key string, request [32]byte,
) (stored *aegis.StoredResponse, began time.Time, err error) {
	answer, err := beginScript.Run(ctx, r.client, []string{r.key(principal, key)},
		answerLife.Milliseconds(), request[:], answerPatience.Milliseconds()).StringSlice()
	if err != nil || len(answer) == 0 {
		return nil, began, fmt.Errorf("begin request: %w", unavailable(err))
	}
	switch answer[0] {
	case "mismatch":
		return nil, began, fmt.Errorf("begin request: %w", aegis.ErrIdempotencyMismatch)
	case "busy":
		return nil, began, fmt.Errorf("begin request: in progress: %w", aegis.ErrConflict)
	}
	if stored, began, err = decode(answer); err != nil {
		return nil, began, fmt.Errorf("begin request: %w: %w", aegis.ErrBadRecord, err)
	}
	return stored, began, nil
}

func decode(answer []string) (stored *aegis.StoredResponse, began time.Time, err error) {
	if len(answer) < 2 {
		return nil, began, errors.New("an answer without a beginning")
	}
	micros, err := strconv.ParseInt(answer[1], 10, 64)
	if err != nil {
		return nil, began, err
	}
	began = time.UnixMicro(micros)
	if answer[0] == "new" {
		return nil, began, nil
	}
	if len(answer) < 5 {
		return nil, began, errors.New("an answer in part")
	}
	stored = &aegis.StoredResponse{Body: []byte(answer[4])}
	if stored.Status, err = strconv.Atoi(answer[2]); err != nil {
		return nil, began, err
	}
	return stored, began, json.Unmarshal([]byte(answer[3]), &stored.Header)
}

// FinishRequest keeps the answer for 24 h, also when the caller is gone. One of
// 5xx is not kept: it frees the key, so that the request can be tried again; it
// may have done all the same, so that its beginning stays known.
func (r *Redis) FinishRequest(ctx context.Context, principal, key string, status int, header map[string]string, body []byte) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*patience)
	defer cancel()
	headers, err := json.Marshal(header)
	if err != nil {
		return fmt.Errorf("finish request: %w", err)
	}
	kept := ""
	if status < http.StatusInternalServerError {
		kept = strconv.Itoa(status)
	}
	err = finishScript.Run(ctx, r.client, []string{r.key(principal, key)}, answerLife.Milliseconds(), kept, headers, body).Err()
	if err != nil {
		return fmt.Errorf("finish request: %w", unavailable(err))
	}
	return nil
}

// Ping says whether Redis answers.
func (r *Redis) Ping(ctx context.Context) error {
	if err := r.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("ping Redis: %w", unavailable(err))
	}
	return nil
}

func unavailable(err error) error {
	if err == nil {
		return fmt.Errorf("no answer: %w", aegis.ErrUnavailable)
	}
	return fmt.Errorf("%w: %w", aegis.ErrUnavailable, err)
}
