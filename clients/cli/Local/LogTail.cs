using System.Text;

namespace Mesh.Cli.Local;

/// <summary>Reads the end of a log that is being written, line by line. A line that is not complete yet is kept back.</summary>
internal sealed class LogTail(string file, string prefix)
{
    // As much of the past as is ever looked at.
    private const long Past = 4 << 20;
    private readonly StringBuilder rest = new();
    private readonly Decoder decoder = Encoding.UTF8.GetDecoder();
    private long position;

    public void WriteLast(int lines, TextWriter output)
    {
        position = Math.Max(0, new FileInfo(file).Length - Past);
        foreach (var line in ReadLines().TakeLast(lines))
            output.WriteLine(prefix + line);
    }

    public void WriteNew(TextWriter output)
    {
        foreach (var line in ReadLines())
            output.WriteLine(prefix + line);
    }

    private List<string> ReadLines()
    {
        using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        if (stream.Length < position)
            position = 0; // The log was begun anew.
        stream.Position = position;
        var buffer = new byte[64 << 10];
        var characters = new char[buffer.Length];
        for (int read; (read = stream.Read(buffer)) > 0;)
            rest.Append(characters, 0, decoder.GetChars(buffer, 0, read, characters, 0));
        position = stream.Position;

        var lines = rest.ToString().Split('\n');
        rest.Clear().Append(lines[^1]);
        return [.. lines[..^1]];
    }
}
