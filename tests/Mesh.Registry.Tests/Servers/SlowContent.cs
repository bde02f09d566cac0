using System.Net;

namespace Mesh.Registry.Tests.Servers;

/// <summary>A request body that stops in its middle until it is released.</summary>
internal sealed class SlowContent(ReadOnlyMemory<byte> content, int stopAfter) : HttpContent
{
    private readonly TaskCompletionSource stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Done when the first part has been written.</summary>
    public Task Stopped => stopped.Task;

    public void Release() => released.TrySetResult();

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(content[..stopAfter]);
        await stream.FlushAsync();
        stopped.TrySetResult();
        await released.Task;
        await stream.WriteAsync(content[stopAfter..]);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = content.Length;
        return true;
    }
}
