using System.CommandLine;
using Mesh.Cli.Rendering;
using Mesh.Cli.Session;
using Mesh.Scheduler.V1;

namespace Mesh.Cli.Commands;

/// <summary>`mesh nodes …`.</summary>
internal static class NodeCommands
{
    private static readonly Argument<string> s_node = new("node") { Description = "The node's name" };

    public static Command Create() => new("nodes", "Manage the hosts that run processes")
    {
        new Command("list", "List the nodes").Does(async context =>
        {
            var response = await context.AllAsync(context.Client.Nodes.ListNodesAsync, new ListNodesRequest());
            context.Output.List(response, response.Nodes, ["NAME", "STATE", "TAKES MORE", "RUNS", "CPU", "MEMORY", "RUNTIME"], n =>
            [
                Output.Id(n.Name), n.State.ToString(), n.Schedulable ? "yes" : "no", $"{n.Allocations}",
                $"{n.Reserved?.CpuMillis ?? 0}/{n.Capacity?.CpuMillis ?? 0}m", $"{(n.Reserved?.MemoryBytes ?? 0) >> 20}/{(n.Capacity?.MemoryBytes ?? 0) >> 20} MiB",
                n.Attributes.GetValueOrDefault("runtime", "-"),
            ]);
        }),
        new Command("cordon", "Take no new processes on a node") { s_node }.Does(async context =>
            Print(context, (await context.Client.Nodes.CordonNodeAsync(new CordonNodeRequest { Name = Name(context) }, cancellationToken: context.CancellationToken)).Node)),
        new Command("uncordon", "Take new processes again") { s_node }.Does(async context =>
            Print(context, (await context.Client.Nodes.UncordonNodeAsync(new UncordonNodeRequest { Name = Name(context) }, cancellationToken: context.CancellationToken)).Node)),
        new Command("drain", "Move a node's processes away") { s_node }.Does(async context =>
            Print(context, (await context.Client.Nodes.DrainNodeAsync(new DrainNodeRequest { Name = Name(context) }, cancellationToken: context.CancellationToken)).Node)),
    };

    private static string Name(CommandContext context) => $"nodes/{context.Value(s_node)}";

    private static void Print(CommandContext context, Node node) =>
        context.Output.Message(node, ("Name", node.Name), ("State", node.State.ToString()), ("Takes more", node.Schedulable ? "yes" : "no"));
}
