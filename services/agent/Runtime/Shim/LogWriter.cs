using System.Globalization;
using System.Text;

namespace Mesh.Agent.Runtime.Shim;

/// <summary>
/// Writes what a container prints into numbered files, one line each: time, stream, `F` for a whole line or `P` for a
/// part of a longer one, text. A file that is full is ended and never touched again; the oldest go.
/// </summary>
internal sealed class LogWriter : IDisposable
{
    public const int LongestLine = 16 << 10;

    private readonly Lock gate = new();
    private readonly string folder;
    private readonly long fileBytes;
    private readonly int files;
    private readonly TimeProvider time;
    private FileStream current;
    private long number;

    public LogWriter(string folder, long fileBytes, int files, TimeProvider time)
    {
        (this.folder, this.fileBytes, this.files, this.time) = (folder, fileBytes, files, time);
        number = LogFiles.Numbers(folder) is [.., var last] ? last : 1;
        current = Open();
    }

    /// <summary>Copies a stream to its end, line by line.</summary>
    public void Copy(Stream source, string name)
    {
        var buffer = new byte[LongestLine];
        var filled = 0;
        int read;
        while ((read = source.Read(buffer, filled, buffer.Length - filled)) > 0)
        {
            filled += read;
            var start = 0;
            int end;
            while ((end = buffer.AsSpan(start, filled - start).IndexOf((byte)'\n')) >= 0)
            {
                Write(name, 'F', buffer.AsSpan(start, end));
                start += end + 1;
            }

            buffer.AsSpan(start, filled - start).CopyTo(buffer);
            filled -= start;
            if (filled < buffer.Length) continue;
            Write(name, 'P', buffer);
            filled = 0;
        }

        if (filled > 0) Write(name, 'F', buffer.AsSpan(0, filled));
    }

    public void Dispose() => current.Dispose();

    private void Write(string name, char part, ReadOnlySpan<byte> text)
    {
        lock (gate)
        {
            if (current.Position >= fileBytes) Next();
            var now = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
            current.Write(Encoding.ASCII.GetBytes($"{now} {name} {part} "));
            current.Write(text);
            current.WriteByte((byte)'\n');
            current.Flush();
        }
    }

    private void Next()
    {
        current.Dispose();
        number++;
        current = Open();
        foreach (var old in LogFiles.Numbers(folder).TakeWhile(old => old <= number - files)) File.Delete(LogFiles.Path(folder, old));
    }

    private FileStream Open() => new(LogFiles.Path(folder, number), FileMode.Append, FileAccess.Write, FileShare.Read | FileShare.Delete);
}
