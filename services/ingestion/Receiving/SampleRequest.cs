using System.Text.Unicode;
using Mesh.Ingestion.Intake;

namespace Mesh.Ingestion.Receiving;

/// <summary>The way of every request that brings samples as text: who, body, decode, log. It returns when all is durable.</summary>
internal static class SampleRequest
{
    /// <summary>Receives; what was refused is returned. A body that cannot be read is refused whole.</summary>
    public static async Task<Rejections> TakeAsync(HttpContext http, IntakeService intake, Action<ReadOnlyMemory<byte>, SampleWriter> decode)
    {
        var tenant = await HttpSender.WritesForAsync(http);
        var (builder, key) = await DecodeAsync(http, intake, tenant, decode);
        await intake.WriteOnceAsync(builder, key);
        return builder.Rejections;
    }

    private static async Task<(BatchBuilder Builder, UInt128 Key)> DecodeAsync(
        HttpContext http, IntakeService intake, string tenant, Action<ReadOnlyMemory<byte>, SampleWriter> decode)
    {
        using var body = await RequestBody.ReadAsync(http);
        if (!Utf8.IsValid(body.Span))
            throw RequestBody.Unreadable("it is not UTF-8.");
        var builder = intake.Begin();
        try
        {
            using var writer = new SampleWriter(tenant, builder);
            decode(body.Memory, writer);
            writer.End();
            // The query may say what the body means.
            var way = $"{http.Request.Path}{http.Request.QueryString}";
            return (builder, TakenRequests.KeyOf(tenant, way, body.Span));
        }
        catch (Exception exception)
        {
            intake.Return(builder);
            if (exception is InvalidDataException)
                throw RequestBody.Unreadable(exception.Message);
            throw;
        }
    }
}
