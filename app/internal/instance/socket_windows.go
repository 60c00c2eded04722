package instance

import (
	"context"
	"net"
)

// Windows has sockets with names only since 2018, and none that Server 2016
// knows: a port and a secret do on all of them.

func listen(dir string) (net.Listener, error) { return listenPort(dir) }

func dial(ctx context.Context, dir string) (net.Conn, error) { return dialPort(ctx, dir) }
