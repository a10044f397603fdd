package tfplugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/pulumi/pulumi-terraform-bridge/v3/pkg/vendored/tfplugin5"
	"google.golang.org/grpc"
)

// maxMessage bounds one gRPC message; the schema of AWS takes about 5 MB.
const maxMessage = 256 << 20

// startPatience bounds the start of a provider.
const startPatience = time.Minute

// Command says how to run a provider.
type Command struct {
	// Path is the binary.
	Path string
	// Dir is the working directory; Env is the whole environment.
	Dir string
	Env []string
	// User is whom it runs as; nil is this process's user.
	User *syscall.Credential
}

// Provider is a running provider. It ends with this process.
type Provider struct {
	rpc    tfplugin5.ProviderClient
	plugin *goplugin.Client
	pid    int
	ended  chan struct{}
	close  func()
}

// Start runs a provider, which must speak protocol 5.
func Start(c Command) (*Provider, error) {
	cmd := &exec.Cmd{
		Path: c.Path, Args: []string{c.Path}, Dir: c.Dir, Env: c.Env,
		SysProcAttr: &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: c.User},
	}
	p := &Provider{ended: make(chan struct{})}
	p.plugin = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{
			ProtocolVersion: 4,
			// Terraform's plugin handshake, not a secret.
			MagicCookieKey:   "TF_PLUGIN_MAGIC_COOKIE",
			MagicCookieValue: "d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		},
		VersionedPlugins: map[int]goplugin.PluginSet{5: {"provider": dialer{}}},
		Cmd:              cmd,
		SkipHostEnv:      true,
		AutoMTLS:         true,
		StartTimeout:     startPatience,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Logger:           hclog.New(&hclog.LoggerOptions{Output: io.Discard, Level: hclog.Off}),
		GRPCDialOptions: []grpc.DialOption{grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage))},
	})
	p.close = sync.OnceFunc(func() { close(p.ended) })
	started := make(chan error, 1)
	go func() {
		// The kernel sends Pdeathsig when the thread that forked ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.dispense()
		started <- err
		if err == nil {
			<-p.ended
		}
	}()
	if err := <-started; err != nil {
		p.plugin.Kill()
		return nil, fmt.Errorf("start the provider: %w", err)
	}
	if cmd.Process != nil {
		p.pid = cmd.Process.Pid
	}
	return p, nil
}

func (p *Provider) dispense() error {
	protocol, err := p.plugin.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense("provider")
	if err != nil {
		return err
	}
	rpc, ok := raw.(tfplugin5.ProviderClient)
	if !ok {
		return fmt.Errorf("provider speaks %T, not protocol 5", raw)
	}
	p.rpc = rpc
	return nil
}

// Exited says that the process has ended.
func (p *Provider) Exited() bool { return p.plugin.Exited() }

// Close ends the process, and what it started.
func (p *Provider) Close() {
	if p.pid > 0 {
		_ = syscall.Kill(-p.pid, syscall.SIGKILL)
	}
	p.plugin.Kill()
	p.close()
}

// dialer is the client half of the protocol.
type dialer struct{ goplugin.Plugin }

// GRPCClient makes the typed client of a connection.
func (dialer) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return tfplugin5.NewProviderClient(conn), nil
}

// GRPCServer refuses: this process is no provider.
func (dialer) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("only a client of providers")
}
