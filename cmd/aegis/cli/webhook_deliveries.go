package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
)

const hour = time.Hour

// How long a test of a webhook is watched, and how often.
const (
	testPatience = 30 * time.Second
	testInterval = 200 * time.Millisecond
)

func (c *cli) webhookDeliveries() *cobra.Command {
	states := []string{"", string(aegis.DeliveryPending), string(aegis.DeliveryDelivered), string(aegis.DeliveryFailed), string(aegis.DeliveryCancelled)}
	cmd := &cobra.Command{
		Use: "deliveries WEBHOOK_ID", Short: "List a webhook's deliveries, newest first", Args: oneArg("WEBHOOK_ID"),
		Long: "List a webhook's deliveries, newest first; -o json has every attempt with what was answered.",
	}
	page := pageFlags(cmd)
	state := cmd.Flags().String("state", "", "only those that are pending, delivered, failed or cancelled")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains(states, *state) {
			return usage("--state: %q is none of pending, delivered, failed, cancelled", *state)
		}
		list, err := c.api().Deliveries(cmd.Context(), args[0], aegis.DeliveryState(*state), *page)
		if err != nil {
			return err
		}
		return c.show(list, func(w io.Writer) {
			c.deliveries(w, list.Items)
			more(w, list.NextCursor)
		})
	}
	return cmd
}

func (c *cli) deliveries(w io.Writer, all []aegis.WebhookDelivery) {
	rows := make([][]string, len(all))
	for i, d := range all {
		status, latency := "-", "-"
		if n := len(d.Log); n > 0 {
			status = cmp.Or(strconv.Itoa(d.Log[n-1].Status), "-")
			latency = fmt.Sprintf("%d ms", d.Log[n-1].LatencyMS)
		}
		rows[i] = []string{
			d.DeliveryID, string(d.State), d.EventType, cmp.Or(d.StackID, "-"), strconv.FormatInt(d.Sequence, 10), strconv.Itoa(d.Attempts),
			status, latency, c.due(d), c.ago(d.CreatedAt), short(d.Error, 60),
		}
	}
	table(w, "DELIVERY STATE EVENT STACK SEQUENCE ATTEMPTS STATUS TOOK NEXT MADE ERROR", rows)
}

// due is when a pending delivery is tried again.
func (c *cli) due(d aegis.WebhookDelivery) string {
	if d.NextAttemptAt == nil {
		return "-"
	}
	if wait := d.NextAttemptAt.Sub(c.now()); wait > 0 {
		return "in " + wait.Round(time.Second).String()
	}
	return "now"
}

func (c *cli) webhookRedeliver() *cobra.Command {
	return &cobra.Command{
		Use: "redeliver WEBHOOK_ID DELIVERY_ID", Short: "Send a delivery again, under the same id", Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage("%s takes two arguments, WEBHOOK_ID and DELIVERY_ID; %d given", cmd.CommandPath(), len(args))
			}
			d, err := c.api().Redeliver(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			return c.show(d, func(w io.Writer) { c.deliveries(w, []aegis.WebhookDelivery{d}) })
		},
	}
}

func (c *cli) webhookTest() *cobra.Command {
	return &cobra.Command{
		Use: "test WEBHOOK_ID", Short: "Send an event aegis.webhook.test and say what was answered", Args: oneArg("WEBHOOK_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			d, err := c.api().TestWebhook(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			if d, err = c.settled(cmd.Context(), d); err != nil {
				return err
			}
			if err := c.show(d, func(w io.Writer) { c.deliveries(w, []aegis.WebhookDelivery{d}) }); err != nil {
				return err
			}
			if d.State != aegis.DeliveryDelivered {
				return fmt.Errorf("the test was not delivered: %s", cmp.Or(d.Error, "it is still "+string(d.State)))
			}
			return nil
		},
	}
}

// settled waits until a delivery has ended, for a while.
func (c *cli) settled(ctx context.Context, d aegis.WebhookDelivery) (aegis.WebhookDelivery, error) {
	tick := time.NewTicker(testInterval)
	defer tick.Stop()
	for range int(testPatience / testInterval) {
		if d.State != aegis.DeliveryPending {
			break
		}
		select {
		case <-ctx.Done():
			return d, ctx.Err()
		case <-tick.C:
		}
		var err error
		if d, err = c.api().Delivery(ctx, d.WebhookID, d.DeliveryID); err != nil {
			return d, err
		}
	}
	return d, nil
}
