using Grpc.Core;
using Mesh.Common.Errors;
using Mesh.Common.Names;
using Mesh.Common.Paging;
using Mesh.Common.Postgres;
using Mesh.Scheduler.Changes;
using Mesh.Scheduler.Reconciling;

namespace Mesh.Scheduler.Nodes;

/// <summary>NodeService: the agents' stream, and what people do with nodes.</summary>
public sealed class NodeService(MeshDatabase database, NodeStore nodes, AgentConnection agents, Leadership leadership)
    : V1.NodeService.NodeServiceBase
{
    public override Task Connect(
        IAsyncStreamReader<V1.ConnectRequest> requestStream, IServerStreamWriter<V1.ConnectResponse> responseStream,
        ServerCallContext context) =>
        agents.RunAsync(leadership.Require(), requestStream, responseStream, context.CancellationToken);

    public override async Task<V1.GetNodeResponse> GetNode(V1.GetNodeRequest request, ServerCallContext context)
    {
        var name = NodeName.Parse(request.Name);
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, context.CancellationToken);
        return new V1.GetNodeResponse { Node = await FindAsync(transaction, name, context.CancellationToken) };
    }

    public override async Task<V1.ListNodesResponse> ListNodes(V1.ListNodesRequest request, ServerCallContext context)
    {
        var size = PageToken.Size(request.PageSize);
        var after = PageToken.Decode(request.PageToken, "nodes") ?? "";
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, context.CancellationToken);
        var page = await nodes.ListAsync(transaction, after, size + 1, context.CancellationToken);
        return new V1.ListNodesResponse
        {
            Nodes = { page.Take(size).Select(node => node.ToWire()) },
            NextPageToken = page.Count > size ? PageToken.Encode(page[size - 1].Id, "nodes") : "",
        };
    }

    public override async Task<V1.CordonNodeResponse> CordonNode(V1.CordonNodeRequest request, ServerCallContext context) =>
        new() { Node = await ManageAsync(request.Name, cordoned: true, draining: false, context.CancellationToken) };

    public override async Task<V1.UncordonNodeResponse> UncordonNode(V1.UncordonNodeRequest request, ServerCallContext context) =>
        new() { Node = await ManageAsync(request.Name, cordoned: false, draining: false, context.CancellationToken) };

    public override async Task<V1.DrainNodeResponse> DrainNode(V1.DrainNodeRequest request, ServerCallContext context) =>
        new() { Node = await ManageAsync(request.Name, cordoned: true, draining: true, context.CancellationToken) };

    private async Task<V1.Node> ManageAsync(string value, bool cordoned, bool draining, CancellationToken cancellationToken)
    {
        var name = NodeName.Parse(value);
        await using var transaction = await database.BeginAsync(MeshDatabase.Platform, cancellationToken);
        await nodes.ManageAsync(transaction, name.Node, cordoned, draining, cancellationToken);
        var node = await FindAsync(transaction, name, cancellationToken);
        // All workloads look again at where they may and must not run.
        await transaction.NotifyAsync([Change.Capacity, Change.Everything], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return node;
    }

    private async Task<V1.Node> FindAsync(MeshTransaction transaction, NodeName name, CancellationToken cancellationToken) =>
        (await nodes.FindAsync(transaction, name.Node, cancellationToken))?.ToWire()
        ?? throw MeshException.NotFound("NODE_NOT_FOUND", $"There is no node `{name}`.");
}
