using Grpc.Core;
using Mesh.Controller.Apps;
using Mesh.Controller.Audit;
using Mesh.Controller.Releases;

namespace Mesh.Controller.Configs;

/// <summary>mesh.controller.v1.ConfigService.</summary>
public sealed class ConfigService(ConfigStore store, AppCache cache) : V1.ConfigService.ConfigServiceBase
{
    public override async Task<V1.GetConfigResponse> GetConfig(V1.GetConfigRequest request, ServerCallContext context)
    {
        var config = await store.GetAsync(ConfigMapping.ParseName(request.Name), context.CancellationToken);
        return new V1.GetConfigResponse { Config = config.ToWire() };
    }

    public override async Task<V1.SetConfigResponse> SetConfig(V1.SetConfigRequest request, ServerCallContext context)
    {
        var name = ConfigMapping.ParseName(request.Name);
        var (config, release) = await store.SetAsync(
            name, ConfigMapping.ToDomain(request.Set), request.Unset, request.Etag, request.RequestId, Actor.Of(context), context.CancellationToken);
        cache.Forget(name.ToString());
        return new V1.SetConfigResponse { Config = config.ToWire(), Release = release?.ToWire() };
    }
}
