using System.Globalization;
using System.Text;
using Microsoft.Win32.SafeHandles;

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
    private SafeFileHandle current;
    private long size;
    private long number;
    private long lost;

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

    // A full disk costs lines, and says so afterwards; it must not stop the application, nor the reading of its output.
    private void Write(string name, char part, ReadOnlySpan<byte> text)
    {
        lock (gate)
        {
            try
            {
                if (size >= fileBytes) Next();
                if (lost > 0) Append("agent", 'F', Encoding.ASCII.GetBytes($"{lost} lines were lost here: they could not be written."));
                lost = 0;
                Append(name, part, text);
            }
            catch (IOException)
            {
                lost++;
            }
        }
    }

    private void Append(string name, char part, ReadOnlySpan<byte> text)
    {
        var now = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-ddTHH:mm:ss.fffffffZ", CultureInfo.InvariantCulture);
        byte[] line = [.. Encoding.ASCII.GetBytes($"{now} {name} {part} "), .. text, (byte)'\n'];
        RandomAccess.Write(current, line, size);
        size += line.Length;
    }

    private void Next()
    {
        current.Dispose();
        number++;
        current = Open();
        foreach (var old in LogFiles.Numbers(folder).TakeWhile(old => old <= number - files)) File.Delete(LogFiles.Path(folder, old));
    }

    private SafeFileHandle Open()
    {
        var file = File.OpenHandle(LogFiles.Path(folder, number), FileMode.OpenOrCreate, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        size = RandomAccess.GetLength(file);
        return file;
    }
}
