package cli

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/aegisworld/aegis"
	"github.com/aegisworld/aegis/client"
)

func (c *cli) webhook() *cobra.Command {
	return group("webhook", "Tell other systems of drift, changes and incidents",
		c.webhookCreate(), c.webhookList(), c.webhookShow(), c.webhookDelete(), c.webhookRotate(), c.webhookEnable(), c.webhookTest(),
		c.webhookDeliveries(), c.webhookRedeliver(), c.webhookListen())
}

func (c *cli) webhookCreate() *cobra.Command {
	var w client.WebhookRequest
	var format string
	cmd := &cobra.Command{
		Use: "create URL", Short: "Have an endpoint told of events, and show its secret, this once", Args: oneArg("URL"),
		Long: "Have an endpoint told of events, and show its secret, this once. Requests are signed by Standard Webhooks; bodies\n" +
			"are CloudEvents 1.0, or messages for Slack or Microsoft Teams.",
		Example: `  aegis webhook create https://hooks.example.com/aegis --event 'aegis.drift.*' --stack 'prod.*'
  aegis webhook create https://hooks.slack.com/services/… --format slack --description "on call"`,
	}
	filterFlags(cmd, &w)
	cmd.Flags().StringVar(&format, "format", string(aegis.WebhookCloudEvents), "cloudevents, slack or teams")
	cmd.Flags().StringVar(&w.Description, "description", "", "whose it is and what for")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		w.URL, w.Format = args[0], aegis.WebhookFormat(format)
		made, err := c.api().CreateWebhook(cmd.Context(), w)
		if err != nil {
			return err
		}
		return c.show(made, func(out io.Writer) {
			c.webhookFacts(out, made.Webhook)
			c.secretOnce(out, made.Secret)
		})
	}
	return cmd
}

func filterFlags(cmd *cobra.Command, w *client.WebhookRequest) {
	cmd.Flags().StringArrayVar(&w.EventTypes, "event", nil, "type that is sent, such as 'aegis.drift.*'; may be repeated (default all)")
	cmd.Flags().StringArrayVar(&w.Stacks, "stack", nil, "stacks whose events are sent, such as 'prod.*.eu-west-1'; may be repeated (default all)")
}

func (c *cli) secretOnce(w io.Writer, secret string) {
	facts(w, "secret", secret)
	_, _ = fmt.Fprintln(w, "The secret is not shown again.") // into memory
}

func (c *cli) webhookFacts(w io.Writer, hook aegis.Webhook) {
	failing, old, paused := "", "", ""
	if hook.FailingSince != nil {
		failing = fmt.Sprintf("%d failed since %s", hook.Failures, hook.FailingSince.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if hook.OldSecretUntil != nil {
		old = hook.OldSecretUntil.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	if hook.PausedUntil != nil {
		paused = hook.PausedUntil.UTC().Format("2006-01-02 15:04:05 UTC")
	}
	facts(w, "webhook", hook.WebhookID, "url", hook.URL, "description", hook.Description, "format", string(hook.Format),
		"events", cmp.Or(strings.Join(hook.EventTypes, ", "), "all"), "stacks", cmp.Or(strings.Join(hook.Stacks, ", "), "all"),
		"state", string(hook.State), "reason", hook.DisabledReason, "failing", failing, "paused until", paused, "old secret until", old,
		"last delivered", c.agoPtr(hook.LastDeliveredAt), "made by", hook.CreatedBy)
}

func (c *cli) webhookList() *cobra.Command {
	cmd := &cobra.Command{Use: "list", Short: "List webhooks, never their secrets", Args: noArgs}
	page := pageFlags(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		list, err := c.api().Webhooks(cmd.Context(), *page)
		if err != nil {
			return err
		}
		return c.show(list, func(w io.Writer) {
			rows := make([][]string, len(list.Items))
			for i, h := range list.Items {
				rows[i] = []string{
					h.WebhookID, string(h.State), string(h.Format), short(h.URL, 60), cmp.Or(short(strings.Join(h.EventTypes, ","), 40), "all"),
					cmp.Or(short(strings.Join(h.Stacks, ","), 40), "all"), strconv.Itoa(h.Failures), c.agoPtr(h.LastDeliveredAt), short(h.Description, 30),
				}
			}
			table(w, "WEBHOOK STATE FORMAT URL EVENTS STACKS FAILURES DELIVERED DESCRIPTION", rows)
			more(w, list.NextCursor)
		})
	}
	return cmd
}

func (c *cli) webhookShow() *cobra.Command {
	return &cobra.Command{
		Use: "show WEBHOOK_ID", Short: "Show a webhook: its state, and why it was disabled", Args: oneArg("WEBHOOK_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			hook, err := c.api().Webhook(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.show(hook, func(w io.Writer) { c.webhookFacts(w, hook) })
		},
	}
}

func (c *cli) webhookDelete() *cobra.Command {
	return &cobra.Command{
		Use: "delete WEBHOOK_ID", Short: "Forget a webhook and its deliveries", Args: oneArg("WEBHOOK_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.api().DeleteWebhook(cmd.Context(), args[0]); err != nil {
				return err
			}
			return c.show(map[string]string{"webhook_id": args[0], "state": "deleted"}, func(w io.Writer) {
				_, _ = fmt.Fprintf(w, "deleted %s\n", args[0]) // into memory
			})
		},
	}
}

func (c *cli) webhookRotate() *cobra.Command {
	cmd := &cobra.Command{
		Use: "rotate WEBHOOK_ID", Short: "Make a new secret and show it, this once", Args: oneArg("WEBHOOK_ID"),
		Long: "Make a new secret and show it, this once. For --overlap the old one signs too, so that the receiver can change it\n" +
			"without losing anything; 0 ends the old one at once, as when it leaked.",
	}
	overlap := cmd.Flags().Duration("overlap", 24*hour, "how long the old secret signs too, up to 168h")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		made, err := c.api().RotateWebhook(cmd.Context(), args[0], *overlap)
		if err != nil {
			return err
		}
		return c.show(made, func(w io.Writer) {
			c.webhookFacts(w, made.Webhook)
			c.secretOnce(w, made.Secret)
		})
	}
	return cmd
}

func (c *cli) webhookEnable() *cobra.Command {
	return &cobra.Command{
		Use: "enable WEBHOOK_ID", Short: "Enable a disabled webhook for what happens from now on", Args: oneArg("WEBHOOK_ID"),
		RunE: func(cmd *cobra.Command, args []string) error {
			hook, err := c.api().EnableWebhook(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return c.show(hook, func(w io.Writer) { c.webhookFacts(w, hook) })
		},
	}
}
