using Google.Protobuf;
using Spectre.Console;

namespace Mesh.Cli.Rendering;

/// <summary>Prints results: a table for people, JSON for programs. Nothing else goes to standard output in JSON.</summary>
internal sealed class Output(bool json)
{
    private static readonly JsonFormatter s_formatter = new(JsonFormatter.Settings.Default.WithIndentation().WithFormatDefaultValues(true));

    public bool IsJson => json;

    /// <summary>One message.</summary>
    public void Message(IMessage message, params ReadOnlySpan<(string Label, string Value)> rows)
    {
        if (json)
        {
            Console.WriteLine(s_formatter.Format(message));
            return;
        }
        var width = 0;
        foreach (var (label, _) in rows) width = Math.Max(width, label.Length);
        foreach (var (label, value) in rows) Console.WriteLine($"{(label + ":").PadRight(width + 2)}{value}");
    }

    /// <summary>A list; as JSON the whole response.</summary>
    public void List<T>(IMessage response, IEnumerable<T> items, string[] columns, Func<T, string[]> row)
    {
        if (json)
        {
            Console.WriteLine(s_formatter.Format(response));
            return;
        }
        var table = new Table { Border = TableBorder.None, ShowRowSeparators = false };
        foreach (var column in columns) table.AddColumn(new TableColumn(new Text(column, new Style(decoration: Decoration.Bold))) { NoWrap = true, Padding = new Padding(0, 0, 3, 0) });
        foreach (var item in items) table.AddRow(row(item).Select(cell => new Text(cell)));
        if (!Console.IsOutputRedirected)
        {
            AnsiConsole.Write(table);
            return;
        }
        // Piped output has neither colours nor a width to fit into.
        var plain = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors });
        plain.Profile.Width = 1000;
        plain.Write(table);
    }

    /// <summary>A line for people; goes to standard error when the result is JSON.</summary>
    public void Line(string line) => (json ? Console.Error : Console.Out).WriteLine(line);

    /// <summary>Bytes for people, as they are.</summary>
    public void Raw(ReadOnlySpan<byte> bytes)
    {
        using var stream = json ? Console.OpenStandardError() : Console.OpenStandardOutput();
        stream.Write(bytes);
    }

    /// <summary>What is left of a resource name after its last slash.</summary>
    public static string Id(string name) => name[(name.LastIndexOf('/') + 1)..];
}
