using Mesh.Servers;
using Mesh.Testing;

namespace Mesh.Ingestion.Tests.Senders;

/// <summary>A collector of somebody else, with its configuration in a folder of its own.</summary>
internal sealed class ForeignProgram : IAsyncDisposable
{
    private readonly TestFolder _folder;
    private readonly ChildProcess _process;

    private ForeignProgram(TestFolder folder, ChildProcess process, int port) => (_folder, _process, Port) = (folder, process, port);

    public int Port { get; }

    public string Output => _process.Output;

    /// <summary>Starts a tool; `FOLDER` and `PORT` in the arguments and the configuration stand for its own.</summary>
    public static ForeignProgram Start(string tool, string configuration, params string[] arguments) =>
        Start(tool, new Dictionary<string, string> { ["configuration"] = configuration }, arguments);

    /// <inheritdoc cref="Start(string, string, string[])"/>
    public static ForeignProgram Start(string tool, IReadOnlyDictionary<string, string> files, params string[] arguments)
    {
        var folder = new TestFolder();
        var port = FreePorts.Next();
        string Own(string text) => text.Replace("FOLDER", folder.Path, StringComparison.Ordinal).Replace("PORT", $"{port}", StringComparison.Ordinal);
        foreach (var (name, text) in files)
            File.WriteAllText(Path.Combine(folder.Path, name), Own(text));
        var command = new ServerCommand(Tools.Require(tool), [.. arguments.Select(Own)]) { WorkingFolder = folder.Path };
        return new ForeignProgram(folder, ChildProcess.Start(command), port);
    }

    /// <summary>Waits for what the program is to bring about; its own words tell why it did not.</summary>
    public async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        try
        {
            await Wait.UntilAsync(what, condition);
        }
        catch (TimeoutException exception)
        {
            Assert.Fail($"{exception.Message}\n{Output}");
        }
    }

    public Task StopAsync() => _process.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }
}
