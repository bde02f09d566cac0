using OpenTelemetry.Proto.Resource.V1;

namespace Mesh.Ingestion.Otlp;

/// <summary>Whom telemetry is about, as labels: `job` and `instance`, as Prometheus takes them from OpenTelemetry's attributes.</summary>
internal readonly record struct OtlpResource(Resource Resource, string Service, string Job, string Instance)
{
    public static OtlpResource Of(Resource? resource)
    {
        resource ??= new Resource();
        var service = AnyValues.Find(resource.Attributes, "service.name");
        var space = AnyValues.Find(resource.Attributes, "service.namespace");
        return new OtlpResource(
            resource, service, space.Length == 0 ? service : $"{space}/{service}", AnyValues.Find(resource.Attributes, "service.instance.id"));
    }
}
