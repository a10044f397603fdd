package cli

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis/client"
)

// listenPatience bounds what a listener does when it ends.
const listenPatience = 5 * time.Second

func (c *cli) webhookListen() *cobra.Command {
	var w client.WebhookRequest
	cmd := &cobra.Command{
		Use: "listen", Short: "Show events as a webhook receives them, until it is interrupted", Args: noArgs,
		Long: "Start a receiver on this machine, make a webhook that leads to it, verify what comes and show it. Interrupting\n" +
			"it deletes the webhook. The API must be on this machine and reach loopback addresses, as a sandbox does.",
		Example: `  aegis webhook listen --event 'aegis.drift.*'
  aegis webhook listen -o json | jq .data`,
	}
	filterFlags(cmd, &w)
	addr := cmd.Flags().String("listen", "127.0.0.1:0", "host:port of the receiver; port 0 picks a free one")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if _, _, err := net.SplitHostPort(*addr); err != nil {
			return usage("--listen: %q is not host:port", *addr)
		}
		return c.listen(cmd.Context(), *addr, w)
	}
	return cmd
}

// listen receives until ctx ends.
func (c *cli) listen(ctx context.Context, addr string, w client.WebhookRequest) (err error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (choose another --listen)", addr, err)
	}
	path := "/" + rand.Text()
	r := &listenReceiver{cli: c, path: path, seen: map[string]bool{}, ready: make(chan struct{})}
	server := &http.Server{Handler: r, ReadTimeout: listenPatience, WriteTimeout: 2 * listenPatience, MaxHeaderBytes: 64 << 10}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	defer func() { _ = server.Close() }() // nothing is owed to who still sends

	w.URL, w.Description = "http://"+listener.Addr().String()+path, "aegis webhook listen"
	made, err := c.api().CreateWebhook(ctx, w)
	if err != nil {
		return err
	}
	defer func() {
		gone, cancel := context.WithTimeout(context.WithoutCancel(ctx), listenPatience)
		defer cancel()
		if derr := c.api().DeleteWebhook(gone, made.WebhookID); derr != nil {
			err = errors.Join(err, fmt.Errorf("the webhook is still there; delete it with `aegis webhook delete %s`: %w", made.WebhookID, derr))
		}
	}()
	r.secret = made.Secret
	close(r.ready)
	_, _ = fmt.Fprintf(c.Err, "listening on %s as %s; interrupt to stop\n", listener.Addr(), made.WebhookID) // nobody is left to tell
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	}
}

// listenReceiver verifies and shows what it is sent.
type listenReceiver struct {
	*cli

	path string
	// ready is closed when there is the secret.
	ready  chan struct{}
	secret string

	mu   sync.Mutex
	seen map[string]bool
}

// maxSeen bounds what is remembered of what was shown.
const maxSeen = 10_000

// ServeHTTP takes one event.
func (r *listenReceiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost || req.URL.Path != r.path {
		http.NotFound(w, req)
		return
	}
	select {
	case <-r.ready:
	case <-req.Context().Done():
		return
	}
	event, err := client.ReadWebhook(req, r.secret)
	if err != nil {
		status := http.StatusBadRequest
		if errors.Is(err, client.ErrBadSignature) {
			status = http.StatusUnauthorized
		}
		http.Error(w, "refused", status)
		r.complain("refused a request: %s", err)
		return
	}
	if err := r.tell(event); err != nil {
		http.Error(w, "not shown", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// listened is an event as -o json has it, one on a line.
type listened struct {
	client.WebhookEvent

	DeliveryID string `json:"delivery_id"`
	// Again says that it was shown before.
	Again bool `json:"again,omitempty"`
}

func (r *listenReceiver) tell(e client.WebhookEvent) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	again := r.seen[e.DeliveryID]
	if len(r.seen) >= maxSeen {
		clear(r.seen)
	}
	r.seen[e.DeliveryID] = true
	if r.output == "json" {
		line, err := json.Marshal(listened{e, e.DeliveryID, again})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(r.Out, "%s\n", line)
		return err
	}
	stack, note := "", ""
	if e.StackID != "" {
		stack = fmt.Sprintf("  %s #%s", e.StackID, trimZeros(e.Sequence))
	}
	if again {
		note = "  (again)"
	}
	var data bytes.Buffer
	if json.Indent(&data, e.Data, "  ", "  ") != nil {
		data.Reset()
	}
	_, err := fmt.Fprintf(r.Out, "%s  %s%s  verified%s\n  %s\n", e.Time.UTC().Format("15:04:05"), e.Type, stack, note, data.String())
	return err
}

// trimZeros is a sequence as people write it.
func trimZeros(s string) string {
	for len(s) > 1 && s[0] == '0' {
		s = s[1:]
	}
	return s
}
