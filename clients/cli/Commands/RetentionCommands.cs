using System.CommandLine;
using Google.Protobuf.WellKnownTypes;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Ingestion.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh tenants retention …`: for how long the tenant's telemetry is kept.</summary>
internal static class RetentionCommands
{
    public static Command Create()
    {
        var signal = new Argument<string>("signal") { Description = "samples, rollups, logs, spans or events" };
        var days = new Argument<int>("days") { Description = "For how many days it is kept" };
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask" };
        return new Command("retention", "Manage for how long telemetry is kept")
        {
            new Command("list", "Show for how long each signal is kept").Does(async context =>
            {
                var request = new ListRetentionPoliciesRequest { Parent = await context.TenantAsync() };
                var response = await context.AllAsync(context.Client.Retention.ListRetentionPoliciesAsync, request);
                context.Output.List(response, response.RetentionPolicies, ["SIGNAL", "DAYS", "DEFAULT", "AT MOST", "CHANGED"], p =>
                    [Output.Id(p.Name), $"{Kept(p)}", $"{p.DefaultDays}", $"{p.MaxDays}", Ago.Of(p.UpdateTime)]);
            }),
            new Command("set", "Keep a signal for some days; what is older is deleted and does not come back") { signal, days, yes }.Does(async context =>
            {
                if (context.Value(days) < 1) throw new CliException("Keep it for at least one day.", ExitCodes.Usage);
                var now = (await context.Client.Retention.GetRetentionPolicyAsync(
                    new GetRetentionPolicyRequest { Name = await NameAsync(context, signal) }, cancellationToken: context.CancellationToken)).RetentionPolicy;
                if (context.Value(days) < Kept(now) && !context.Value(yes) && !Console.IsInputRedirected)
                {
                    Console.Write($"What is older than {context.Value(days)} days will be deleted. Type {Output.Id(now.Name)} to go on: ");
                    if (Console.ReadLine() != Output.Id(now.Name)) throw new CliException("Nothing was changed.");
                }
                await ChangeAsync(context, new RetentionPolicy { Name = now.Name, Days = context.Value(days), Etag = now.Etag });
            }),
            new Command("reset", "Keep a signal for as long as the default says") { signal }.Does(async context =>
                await ChangeAsync(context, new RetentionPolicy { Name = await NameAsync(context, signal) })),
        };
    }

    private static int Kept(RetentionPolicy policy) => policy.Days > 0 ? policy.Days : policy.DefaultDays;

    private static async Task<string> NameAsync(CommandContext context, Argument<string> signal) =>
        $"{await context.TenantAsync()}/retentionPolicies/{context.Value(signal)}";

    private static async Task ChangeAsync(CommandContext context, RetentionPolicy wanted)
    {
        var request = new UpdateRetentionPolicyRequest { RetentionPolicy = wanted, UpdateMask = FieldMask.FromString("days") };
        var policy = (await context.Client.Retention.UpdateRetentionPolicyAsync(request, cancellationToken: context.CancellationToken)).RetentionPolicy;
        context.Output.Message(policy, ("Name", policy.Name), ("Days", $"{Kept(policy)}"), ("Default", $"{policy.DefaultDays}"), ("At most", $"{policy.MaxDays}"));
    }
}
