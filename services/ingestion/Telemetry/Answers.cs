using Mesh.Ingestion.Intake;

namespace Mesh.Ingestion.Telemetry;

/// <summary>What the contract's messages say of an outcome.</summary>
internal static class Answers
{
    public static V1.StreamResponse Ack(ulong number, Rejections rejections)
    {
        var ack = new V1.StreamResponse.Types.Ack { Number = number };
        ack.Rejections.AddRange(Of(rejections));
        return new V1.StreamResponse { Ack = ack };
    }

    public static IEnumerable<V1.Rejection> Of(Rejections rejections) => rejections.Counts.Select(item => new V1.Rejection
    {
        Count = item.Count,
        Reason = Rejections.Code(item.Reason),
        Message = Rejections.Message(item.Reason),
        Example = rejections.ExampleOf(item.Reason) ?? "",
    });
}
