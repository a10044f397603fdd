package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
	"google.golang.org/grpc"
)

// maxMessage bounds one gRPC message; the full schema takes about 5 MB.
const maxMessage = 256 << 20

// process is a running terraform-provider-aws.
type process struct {
	rpc    tfplugin5.ProviderClient
	plugin *goplugin.Client
}

func (p *process) exited() bool { return p.plugin.Exited() }

func (p *process) kill() { p.plugin.Kill() }

// findProvider takes the provider binary that is named, or one beside this
// program.
func findProvider(named string) (string, error) {
	if named != "" {
		return named, nil
	}
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	beside, err := filepath.Glob(filepath.Join(filepath.Dir(self), "terraform-provider-aws*"))
	if err != nil || len(beside) == 0 {
		return "", errors.New("no terraform-provider-aws: set AEGIS_TERRAFORM_PROVIDER_AWS to its binary, version 5.100.0")
	}
	return beside[len(beside)-1], nil
}

// startProcess starts the provider binary so that it cannot outlive this
// program. The kernel watches the thread that forks, not the process, so the
// thread is kept for ever.
func startProcess(binary string) (*process, error) {
	type result struct {
		started *process
		err     error
	}
	results := make(chan result, 1)
	go func() {
		runtime.LockOSThread()
		started, err := startOnThread(binary)
		results <- result{started, err}
		select {}
	}()
	r := <-results
	return r.started, r.err
}

func startOnThread(binary string) (*process, error) {
	// Not bound to a context: it lives as long as this program.
	cmd := &exec.Cmd{Path: binary, Args: []string{binary}, Env: providerEnv(os.Environ())}
	dieWithParent(cmd)
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion: 4,
			// Terraform's plugin handshake, not a secret.
			MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: map[int]goplugin.PluginSet{5: {"provider": dialer{}}},
		Cmd:              cmd,
		AutoMTLS:         true,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Logger:           hclog.New(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off}),
		GRPCDialOptions: []grpc.DialOption{grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage))},
	})
	rpc, err := dispense(client)
	if err != nil {
		client.Kill()
		return nil, fmt.Errorf("start %s: %w", binary, err)
	}
	return &process{rpc: rpc, plugin: client}, nil
}

func dispense(client *goplugin.Client) (tfplugin5.ProviderClient, error) {
	protocol, err := client.Client()
	if err != nil {
		return nil, err
	}
	raw, err := protocol.Dispense("provider")
	if err != nil {
		return nil, err
	}
	rpc, ok := raw.(tfplugin5.ProviderClient)
	if !ok {
		return nil, fmt.Errorf("provider speaks %T, not protocol 5", raw)
	}
	return rpc, nil
}

// providerEnv drops what makes the provider fail: with AWS_CA_BUNDLE it cannot
// "add custom RootCAs".
func providerEnv(env []string) []string {
	return slices.DeleteFunc(env, func(entry string) bool { return strings.HasPrefix(entry, "AWS_CA_BUNDLE=") })
}

// dialer is the client half of Terraform's plugin protocol 5.
type dialer struct{ goplugin.Plugin }

// GRPCClient makes the typed client of a connection.
//
//nolint:unparam // go-plugin's signature
func (dialer) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return tfplugin5.NewProviderClient(conn), nil
}

// GRPCServer refuses: this program is never the provider's server.
func (dialer) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("only a client of the provider")
}
