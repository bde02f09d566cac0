using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Mesh.Common.Names;

namespace Mesh.Builder.Git;

/// <summary>
/// One push, from the builder's side: a loopback port that only the push's own hook knows the secret of, and a folder for what the hook packs.
/// </summary>
public sealed class PushSession : IAsyncDisposable
{
    private readonly TcpListener listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource stop;
    private readonly string secret = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
    private readonly string folder;
    private readonly Task serving;

    public PushSession(AppName app, string pusher, BuilderOptions options, PushBuild build, CancellationToken cancellationToken)
    {
        stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        folder = Directory.CreateDirectory(Path.Combine(options.Data, "pushes", Guid.NewGuid().ToString("N"))).FullName;
        listener.Start(4);
        serving = ServeAsync(app, pusher, build, stop.Token);
    }

    /// <summary>What the hook reads from its environment.</summary>
    public IEnumerable<KeyValuePair<string, string>> Environment =>
    [
        new("MESH_PUSH_PORT", ((IPEndPoint)listener.LocalEndpoint).Port.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        new("MESH_PUSH_SECRET", secret),
        new("MESH_PUSH_FOLDER", folder),
    ];

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        listener.Dispose();
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        stop.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private async Task ServeAsync(AppName app, string pusher, PushBuild build, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            using var connection = await listener.AcceptTcpClientAsync(cancellationToken);
            using var reader = new StreamReader(connection.GetStream(), Encoding.UTF8, leaveOpen: true);
            if (!CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(await reader.ReadLineAsync(cancellationToken) ?? ""), Encoding.UTF8.GetBytes(secret)))
                continue;
            await using var writer = new StreamWriter(connection.GetStream(), new UTF8Encoding(false), leaveOpen: true) { AutoFlush = true, NewLine = "\n" };
            var refs = new List<PushedRef>();
            while (await reader.ReadLineAsync(cancellationToken) is { Length: > 0 } line && PushedRef.Parse(line) is { } pushed)
                refs.Add(pushed);
            var taken = await build.RunAsync(app, pusher, folder, refs, writer, cancellationToken);
            await writer.WriteLineAsync(PushHook.Verdict + (taken ? 0 : 1));
            return;
        }
    }
}
