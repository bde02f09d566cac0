using System.Globalization;
using System.IO.Pipes;
using System.Runtime.InteropServices;

namespace Mesh.ClickHouseHost;

/// <summary>A pipe into which nothing is written: who reads it waits until it is released.</summary>
internal sealed class HoldPipe : IDisposable
{
    private readonly AnonymousPipeServerStream writer = new(PipeDirection.Out, HandleInheritability.None);

    /// <summary>The reading end as a file of this process.</summary>
    public string ReadPath { get; }

    public HoldPipe() =>
        ReadPath = string.Create(
            CultureInfo.InvariantCulture, $"/proc/self/fd/{writer.ClientSafePipeHandle.DangerousGetHandle()}");

    public void Release() => writer.Dispose();

    public void ReleaseOn(PosixSignalContext context)
    {
        context.Cancel = true;
        Release();
    }

    public void Dispose() => Release();
}
