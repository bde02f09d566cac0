using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Mesh.Testing;

namespace Mesh.Common.Tests.Contracts;

/// <summary>
/// Takes one call of gRPC, and breaks the connection while its caller writes. It speaks no more HTTP/2 than that needs: whoever sends more
/// than a window of flow control, 65,535 bytes, is in the middle of a write when the connection ends.
/// </summary>
internal sealed class BreakingServer : IDisposable
{
    private const byte Data = 0, Headers = 1, Settings = 4;
    private const byte Acknowledgement = 1, EndOfHeaders = 4;
    private const int Preface = 24, FrameHead = 9, EnoughBytes = 60_000;

    // `:status: 200`, and `content-type: application/grpc` in full.
    private static readonly byte[] s_answer = [0x88, 0x0f, 0x10, 16, .. "application/grpc"u8];

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

    /// <param name="answers">Whether the call is answered first, so that its caller already reads messages.</param>
    public BreakingServer(bool answers)
    {
        _listener.Start();
        Served = ServeAsync(answers);
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}");

    /// <summary>Completes when the connection has been broken.</summary>
    public Task Served { get; }

    public void Dispose() => _listener.Dispose();

    private async Task ServeAsync(bool answers)
    {
        using var client = await _listener.AcceptTcpClientAsync();
        await using var stream = client.GetStream();
        await stream.ReadExactlyAsync(new byte[Preface]);
        await stream.WriteAsync(Frame(Settings, 0, 0, []));
        var head = new byte[FrameHead];
        for (var data = 0; data < EnoughBytes;)
        {
            await stream.ReadExactlyAsync(head);
            var length = head[0] << 16 | head[1] << 8 | head[2];
            await stream.ReadExactlyAsync(new byte[length]);
            if (head[3] == Settings && head[4] == 0) await stream.WriteAsync(Frame(Settings, Acknowledgement, 0, []));
            if (head[3] == Headers && answers)
                await stream.WriteAsync(Frame(Headers, EndOfHeaders, BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)), s_answer));
            if (head[3] == Data) data += length;
        }

        // As when a process is killed: what it has not read makes the system reset the connection.
        client.LingerState = new(enable: true, seconds: 0);
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        byte[] frame = [0, (byte)(payload.Length >> 8), (byte)payload.Length, type, flags, 0, 0, 0, 0, .. payload];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        return frame;
    }
}
