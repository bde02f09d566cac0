using System.CommandLine;
using Google.Protobuf;
using Grpc.Core;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Client;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh logs [-f]`.</summary>
internal static class AppLogsCommand
{
    public static Command Create()
    {
        var follow = new Option<bool>("--follow", "-f") { Description = "Go on with what is written from now on" };
        var lines = new Option<int>("--lines", "-n") { Description = "How many lines of the past", DefaultValueFactory = _ => 100 };
        var process = new Option<string?>("--process", "-p") { Description = "Only this process type" };
        var contains = new Option<string>("--contains") { Description = "Only lines with this text", DefaultValueFactory = _ => "" };
        return new Command("logs", "Show what an app has logged") { AppCommands.App, follow, lines, process, contains }.Does(async context =>
        {
            var app = Output.Id(await context.AppAsync(context.Value(AppCommands.App)));
            var selector = context.Value(process) is { } type ? $"{{app=\"{app}\",process=\"{type}\"}}" : $"{{app=\"{app}\"}}";
            var tenant = await context.TenantAsync();
            if (context.Value(follow))
            {
                var request = new TailRequest { Parent = tenant, Selector = selector, Contains = context.Value(contains), Backlog = context.Value(lines) };
                await foreach (var response in context.Client.Query.TailAsync(request, context.CancellationToken))
                {
                    if (response.Dropped > 0) await Console.Error.WriteLineAsync($"({response.Dropped} lines were left out: reading too slowly)");
                    foreach (var record in response.Records) Print(context, record);
                }
                return;
            }
            var search = new SearchLogsRequest
            {
                Parent = tenant, Selector = selector, Contains = context.Value(contains), Limit = context.Value(lines), NewestFirst = true,
            };
            using var call = context.Client.Query.SearchLogs(search, cancellationToken: context.CancellationToken);
            var records = new List<LogRecord>();
            await foreach (var response in call.ResponseStream.ReadAllAsync(context.CancellationToken)) records.AddRange(response.Records);
            records.Reverse();
            foreach (var record in records) Print(context, record);
        });
    }

    private static void Print(CommandContext context, LogRecord record)
    {
        if (context.Output.IsJson)
        {
            Console.WriteLine(JsonFormatter.Default.Format(record));
            return;
        }
        string Label(string name) => record.Labels.FirstOrDefault(l => l.Name == name)?.Value ?? "";
        var allocation = Label("allocation");
        var source = $"{Label("process")}.{allocation[Math.Max(0, allocation.Length - 6)..]}";
        Console.WriteLine($"{record.Time.ToDateTime():yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {source}: {record.Body}");
    }
}
