using Microsoft.AspNetCore.Routing.Matching;

namespace Mesh.Ingestion.Federation;

/// <summary>An endpoint that is there only for requests that show a token, beside another one of the same path for those that show none.</summary>
internal sealed class OnlyWithToken : MatcherPolicy, IEndpointSelectorPolicy
{
    /// <summary>What such an endpoint carries.</summary>
    public static object Demand { get; } = new();

    public override int Order => 0;

    public bool AppliesToEndpoints(IReadOnlyList<Endpoint> endpoints) => endpoints.Any(HasDemand);

    public Task ApplyAsync(HttpContext httpContext, CandidateSet candidates)
    {
        for (var i = 0; i < candidates.Count; i++)
        {
            if (HasDemand(candidates[i].Endpoint) && httpContext.Request.Headers.Authorization.Count == 0)
                candidates.SetValidity(i, false);
        }

        return Task.CompletedTask;
    }

    private static bool HasDemand(Endpoint endpoint) => endpoint.Metadata.Contains(Demand);
}
