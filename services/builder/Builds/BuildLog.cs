using System.Text;
using System.Threading.Channels;

namespace Mesh.Builder.Builds;

/// <summary>
/// The log of a running build. Lines are gathered for a moment and written together; the build waits when the database is slow.
/// </summary>
public sealed class BuildLog : IAsyncDisposable
{
    private const int MaxBytes = 8 << 20;
    private const int MaxLine = 8192;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly Channel<string> lines = Channel.CreateBounded<string>(new BoundedChannelOptions(1000) { SingleReader = true });
    private readonly Task writer;
    private readonly BuildQueue queue;
    private readonly BuildLease lease;
    private readonly TimeProvider time;

    public BuildLog(BuildQueue queue, BuildLease lease, TimeProvider time)
    {
        (this.queue, this.lease, this.time) = (queue, lease, time);
        writer = Task.Run(WriteAsync);
    }

    /// <summary>Adds a line.</summary>
    public async ValueTask LineAsync(string text, CancellationToken cancellationToken)
    {
        var line = text.Length > MaxLine ? text[..MaxLine] + " …" : text;
        if (!lines.Writer.TryWrite(line) && await lines.Writer.WaitToWriteAsync(cancellationToken))
            await lines.Writer.WriteAsync(line, cancellationToken);
    }

    /// <summary>Writes what is left. Throws what the writing threw.</summary>
    public async Task CompleteAsync()
    {
        lines.Writer.TryComplete();
        await writer;
    }

    public async ValueTask DisposeAsync()
    {
        lines.Writer.TryComplete();
        await writer.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task WriteAsync()
    {
        var total = 0;
        try
        {
            while (await lines.Reader.WaitToReadAsync())
            {
                var text = new StringBuilder();
                while (text.Length < 64 << 10 && lines.Reader.TryRead(out var line))
                    text.Append(line).Append('\n');
                var data = Encoding.UTF8.GetBytes(text.ToString());
                if (total <= MaxBytes && total + data.Length > MaxBytes)
                    await queue.AppendLogAsync(lease, "The log is longer than 8 MiB: the rest is left out.\n"u8.ToArray(), default);
                total += data.Length;
                if (total > MaxBytes)
                    continue;
                await queue.AppendLogAsync(lease, data, default);
                await Task.Delay(Pause, time);
            }
        }
        catch (Exception error)
        {
            lines.Writer.TryComplete(error);
            throw;
        }
    }
}
