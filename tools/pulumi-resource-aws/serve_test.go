package main

import (
	"bufio"
	"context"
	"io"
	"testing"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// attached serves engines for the time of the test and returns a function
// that attaches one.
func attached(t *testing.T, b *bridge) func() (pulumirpc.ResourceProviderClient, *grpc.ClientConn) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	reader, writer := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, b, "", writer) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
	})
	port, err := bufio.NewReader(reader).ReadString('\n')
	require.NoError(t, err)
	return func() (pulumirpc.ResourceProviderClient, *grpc.ClientConn) {
		conn, err := grpc.NewClient("127.0.0.1:"+port[:len(port)-1], grpc.WithTransportCredentials(insecure.NewCredentials()))
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() })
		return pulumirpc.NewResourceProviderClient(conn), conn
	}
}

func configure(t *testing.T, client pulumirpc.ResourceProviderClient, region string) {
	t.Helper()
	_, err := client.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: encode(t, map[string]any{
		"region": region, "accessKey": "AKIAIOSFODNN7EXAMPLE", "secretKey": "none", "skipCredentialsValidation": true,
		"skipRequestingAccountId": true, "skipMetadataApiCheck": true,
	})})
	require.NoError(t, err)
}

func (p *pool) count() (configured, used int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.configured {
		used += l.users
	}
	return len(p.configured), used
}

func TestAttachedEnginesShareProcesses(t *testing.T) {
	t.Parallel()
	b := newBridge(t)
	attach := attached(t, b)
	first, firstConn := attach()
	second, _ := attach()
	third, _ := attach()
	configure(t, first, "eu-west-1")
	configure(t, second, "eu-west-1")
	configure(t, third, "us-east-1")
	configured, used := b.processes.count()
	require.Equal(t, 2, configured, "one process for each configuration")
	require.Equal(t, 3, used)

	require.NoError(t, firstConn.Close())
	require.Eventually(t, func() bool {
		_, used := b.processes.count()
		return used == 2
	}, time.Minute, 10*time.Millisecond, "an engine that leaves gives its process back")

	fourth, _ := attach()
	configure(t, fourth, "eu-west-1")
	configured, used = b.processes.count()
	require.Equal(t, 2, configured, "a later engine takes the process that is there")
	require.Equal(t, 3, used)
}

func TestProcessThatEndedIsReplaced(t *testing.T) {
	t.Parallel()
	b := newBridge(t)
	attach := attached(t, b)
	first, _ := attach()
	configure(t, first, "eu-west-1")
	b.processes.mu.Lock()
	for _, l := range b.processes.configured {
		l.process.kill()
	}
	b.processes.mu.Unlock()
	second, _ := attach()
	configure(t, second, "eu-west-1")
	response, err := second.Invoke(t.Context(), &pulumirpc.InvokeRequest{
		Tok: "aws:index/getRegion:getRegion", Args: encode(t, map[string]any{}),
	})
	require.NoError(t, err)
	require.Equal(t, "eu-west-1", response.GetReturn().GetFields()["name"].GetStringValue())
}
