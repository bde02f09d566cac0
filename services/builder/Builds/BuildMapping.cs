using Google.Protobuf.WellKnownTypes;

namespace Mesh.Builder.Builds;

internal static class BuildMapping
{
    public static V1.Build ToWire(this Build build) => new()
    {
        Name = build.Name.ToString(),
        Uid = build.Uid.ToString(),
        Source = build.Source.ToString(),
        State = build.State.ToWire(),
        Failure = build.State == BuildState.Failed ? new V1.Build.Types.Failure { Reason = build.FailureReason, Message = build.FailureMessage } : null,
        Image = build.Image,
        Processes = { build.CommandLines.ToDictionary() },
        Detected = build.Detected,
        Release = build.Release,
        LogSizeBytes = build.LogSize,
        Creator = build.Creator,
        CreateTime = build.CreateTime.ToTimestamp(),
        StartTime = build.StartTime?.ToTimestamp(),
        EndTime = build.EndTime?.ToTimestamp(),
        SkipRelease = build.SkipRelease,
    };

    private static V1.Build.Types.State ToWire(this BuildState state) => state switch
    {
        BuildState.Queued => V1.Build.Types.State.Queued,
        BuildState.Building => V1.Build.Types.State.Building,
        BuildState.Pushing => V1.Build.Types.State.Pushing,
        BuildState.Releasing => V1.Build.Types.State.Releasing,
        BuildState.Succeeded => V1.Build.Types.State.Succeeded,
        BuildState.Failed => V1.Build.Types.State.Failed,
        BuildState.Cancelled => V1.Build.Types.State.Cancelled,
        _ => throw new ArgumentOutOfRangeException(nameof(state), state, "This state has no name on the wire."),
    };
}
