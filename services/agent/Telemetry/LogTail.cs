using System.Globalization;
using System.Text;
using Mesh.Agent.Runtime.Shim;

namespace Mesh.Agent.Telemetry;

/// <summary>Reads on in an allocation's log files, whole lines only. It keeps nothing: the position says all.</summary>
public static class LogTail
{
    /// <summary>The longest text that ingestion takes.</summary>
    private const int LongestText = 64 << 10;
    private const int ReadBytes = 512 << 10;

    /// <summary>The lines from a position on, about as many as fit the size, and the position after them.</summary>
    public static (IReadOnlyList<LogLine> Lines, LogPosition Next) Read(string folder, LogPosition position, int mostBytes, DateTimeOffset now)
    {
        List<LogLine> lines = [];
        var bytes = 0;
        while (bytes < mostBytes)
        {
            var path = LogFiles.Path(folder, position.File);
            if (position.File > 0 && File.Exists(path))
            {
                var (read, offset) = ReadFile(path, position.Offset, Math.Min(mostBytes - bytes, ReadBytes));
                lines.AddRange(read);
                bytes += (int)(offset - position.Offset);
                var advanced = offset > position.Offset;
                position = position with { Offset = offset };
                if (advanced) continue;
            }

            // A file with a successor is complete. One that is gone was overwritten before it could be sent.
            var numbers = LogFiles.Numbers(folder);
            if (numbers.FirstOrDefault(number => number > position.File) is not (> 0 and var next)) break;
            var lost = position.File == 0 ? next > 1 : next > position.File + 1 || !File.Exists(path);
            if (lost) lines.Add(new(now, "agent", "Lines may be missing here: the log was overwritten before all of it was sent.", IsLoss: true));
            position = new(next, 0);
        }

        return (lines, position);
    }

    /// <summary>Whether nothing is left to read.</summary>
    public static bool IsAtEnd(string folder, LogPosition position) => LogFiles.Numbers(folder) is not [.., var last]
        || (position.File == last && new FileInfo(LogFiles.Path(folder, last)) is { Exists: true } file && position.Offset >= file.Length);

    private static (List<LogLine> Lines, long Offset) ReadFile(string path, long offset, int most)
    {
        List<LogLine> lines = [];
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 0);
            if (file.Length <= offset) return (lines, offset);
            file.Position = offset;
            // Room for one line with all its parts, however little is asked for.
            var buffer = new byte[Math.Max(most, LongestText + (4 * (LogWriter.LongestLine + 64)))];
            var filled = file.ReadAtLeast(buffer, (int)Math.Min(buffer.Length, file.Length - offset), throwOnEndOfStream: false);
            return (lines, offset + Parse(buffer.AsSpan(0, filled), lines));
        }
        catch (FileNotFoundException)
        {
            return (lines, offset);
        }
    }

    // Answers how many bytes made whole lines.
    private static int Parse(ReadOnlySpan<byte> content, List<LogLine> lines)
    {
        var taken = 0;
        StringBuilder text = new();
        for (var at = 0; content[at..].IndexOf((byte)'\n') is >= 0 and var end; at += end + 1)
        {
            var line = Encoding.UTF8.GetString(content.Slice(at, end)).Split(' ', 4);
            if (line.Length < 4 || !DateTimeOffset.TryParse(line[0], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
            {
                // The end of a line that a crash of the host cut off.
                taken = at + end + 1;
                continue;
            }

            text.Append(line[3]);
            if (line[2] == "P" && text.Length < LongestText - LogWriter.LongestLine) continue;
            lines.Add(new(time, line[1], text.ToString()));
            text.Clear();
            taken = at + end + 1;
        }

        return taken;
    }
}
