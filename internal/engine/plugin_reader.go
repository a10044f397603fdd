package engine

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"net"
	"strconv"
	"sync/atomic"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/structpb"
)

// maxPluginMessage bounds one message of a plugin, in bytes.
const maxPluginMessage = 400 << 20

// pluginReader is a configured connection to a plugin.
type pluginReader struct {
	conn   *grpc.ClientConn
	client pulumirpc.ResourceProviderClient
	config [32]byte
}

// pluginConfig is the configuration of a provider resource.
type pluginConfig struct {
	urn, name, typ, id string
	args               map[string]any
}

func (c pluginConfig) sum() ([32]byte, error) {
	text, err := json.Marshal(c.args)
	if err != nil {
		return [32]byte{}, unproven("its provider's configuration is not understood")
	}
	return sha256.Sum256(append([]byte(c.urn+"\n"+c.id+"\n"), text...)), nil
}

// configured returns a client of the plugin with the configuration: the one of
// the last look, or else a new one.
func (p *providerPool) configured(ctx context.Context, pr *provider, c pluginConfig) (pulumirpc.ResourceProviderClient, error) {
	sum, err := c.sum()
	if err != nil {
		return nil, err
	}
	if pr.reader != nil && pr.reader.config == sum {
		return pr.reader.client, nil
	}
	pr.dropReader()
	conn, err := dialOnce(pr.port)
	if err != nil {
		return nil, err
	}
	r := &pluginReader{conn: conn, client: pulumirpc.NewResourceProviderClient(conn), config: sum}
	if err := p.configure(ctx, r.client, c); err != nil {
		_ = conn.Close()
		return nil, err
	}
	pr.reader = r
	return r.client, nil
}

// dropReader ends the connection that reads, if any.
func (pr *provider) dropReader() {
	if pr.reader != nil {
		_ = pr.reader.conn.Close()
		pr.reader = nil
	}
}

// dialOnce connects without ever connecting again: the configuration belongs to
// the connection.
func dialOnce(port int) (*grpc.ClientConn, error) {
	var dialled atomic.Bool
	return grpc.NewClient("passthrough:///127.0.0.1:"+strconv.Itoa(port),
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithIdleTimeout(0),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxPluginMessage)),
		grpc.WithContextDialer(func(ctx context.Context, address string) (net.Conn, error) {
			if dialled.Swap(true) {
				return nil, errors.New("the connection to the plugin is lost")
			}
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		}))
}

// configure does what an engine does before it reads. Secrets are given and
// taken bare.
func (p *providerPool) configure(ctx context.Context, client pulumirpc.ResourceProviderClient, c pluginConfig) error {
	args, err := structpb.NewStruct(c.args)
	if err != nil {
		return unproven("its provider's configuration is not understood")
	}
	host, err := p.host.address()
	if err != nil {
		return err
	}
	_, err = client.Attach(ctx, &pulumirpc.PluginAttach{Address: host})
	if err != nil && status.Code(err) != codes.Unimplemented {
		return unproven("its provider can't be attached to: %s", status.Code(err))
	}
	_, err = client.Configure(ctx, &pulumirpc.ConfigureRequest{
		Urn: &c.urn, Name: &c.name, Type: &c.typ, Id: &c.id, Args: args, Variables: variables(c.args), SendsOldInputs: true,
	})
	if err != nil {
		return unproven("its provider can't be configured: %s", status.Code(err))
	}
	return nil
}

// variables are a configuration in the older form: texts, by qualified names.
func variables(args map[string]any) map[string]string {
	out := make(map[string]string, len(args))
	for name, v := range args {
		text, ok := v.(string)
		if !ok {
			b, _ := json.Marshal(v) //nolint:errchkjson // was just encoded
			text = string(b)
		}
		out["aws:config:"+name] = text
	}
	return out
}
