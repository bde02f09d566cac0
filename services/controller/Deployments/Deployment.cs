using System.Text.Json.Serialization;
using Mesh.Common.Names;

namespace Mesh.Controller.Deployments;

/// <summary>A release that runs, with overrides and a scale of its own.</summary>
public sealed record Deployment
{
    public string Tenant { get; init; } = "";
    public string App { get; init; } = "";
    public string Id { get; init; } = "";
    public Guid Uid { get; init; }

    /// <summary>The release that shall run; 0 before the first.</summary>
    public long Release { get; init; }

    /// <summary>The newest release that ran wholly; 0 before the first.</summary>
    public long RunningRelease { get; init; }

    public Dictionary<string, int> Scale { get; init; } = [];
    public Dictionary<string, string> Overrides { get; init; } = [];
    public bool Archived { get; init; }
    public bool Deleting { get; init; }
    public string RestartMarker { get; init; } = "";

    /// <summary>Counts what people change. An outcome is recorded only for the generation that it was found for.</summary>
    public long Generation { get; init; } = 1;

    /// <summary>Counts how often it was made due because its workloads changed.</summary>
    [JsonIgnore]
    public long Wakes { get; init; }

    /// <summary>Until when it belongs to the replica that reconciles it: whose lease it is, too.</summary>
    [JsonIgnore]
    public DateTimeOffset? LeaseUntil { get; init; }

    public DeploymentState State { get; init; } = DeploymentState.CreatePending;
    public FailureReason FailureReason { get; init; }
    public string Message { get; init; } = "";

    /// <summary>The workloads that were or are about to be handed to the scheduler and have not gone, as they were last seen.</summary>
    public List<ProcessStatus> Status { get; init; } = [];

    public DateTimeOffset CreateTime { get; init; }
    public DateTimeOffset UpdateTime { get; init; }

    public DeploymentName Name => new(Tenant, App, Id);

    public static Deployment New(DeploymentName name, DateTimeOffset now) => new()
    {
        Tenant = name.Tenant,
        App = name.App,
        Id = name.Deployment,
        Uid = Guid.CreateVersion7(now),
        Message = "Waits for its first release.",
        CreateTime = now,
        UpdateTime = now,
    };
}

/// <summary>Where a deployment stands; numbers as in the contract.</summary>
public enum DeploymentState : short
{
    CreatePending = 1,
    Running = 2,
    UpdatePending = 3,
    Failure = 4,
    ArchivePending = 5,
    Archived = 6,
}

/// <summary>Why a deployment failed; numbers as in the contract.</summary>
public enum FailureReason : short
{
    None = 0,
    Generic = 1,
    TagMismatch = 2,
    PartialAvailability = 3,
    CleanupFailed = 4,
}

/// <summary>The processes of one type, as they were last seen.</summary>
public sealed record ProcessStatus(string Type, string Command, string Workload, int Desired, int Healthy, int Old, string Message);
