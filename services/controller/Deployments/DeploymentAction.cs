using Mesh.Common.Names;

namespace Mesh.Controller.Deployments;

/// <summary>An operation on a deployment, recorded.</summary>
public sealed record DeploymentAction
{
    public Guid Uid { get; init; }
    public string Tenant { get; init; } = "";
    public string App { get; init; } = "";
    public string Deployment { get; init; } = "";

    /// <summary>The deployment's generation that this operation made.</summary>
    public long Generation { get; init; }

    public ActionKind Kind { get; init; }
    public ActionState State { get; init; }
    public string Creator { get; init; } = "";
    public string Message { get; init; } = "";
    public long Release { get; init; }
    public int Attempts { get; init; }
    public string Log { get; init; } = "";
    public DateTimeOffset CreateTime { get; init; }
    public DateTimeOffset? EndTime { get; init; }

    public DeploymentName Parent => new(Tenant, App, Deployment);
}

/// <summary>What is done; numbers as in the contract.</summary>
public enum ActionKind : short
{
    Create = 1,
    Update = 2,
    Restart = 3,
    Archive = 4,
    Restore = 5,
    Delete = 6,
}

/// <summary>Where an action stands; numbers as in the contract.</summary>
public enum ActionState : short
{
    Pending = 1,
    Running = 2,
    Succeeded = 3,
    Failed = 4,
    Superseded = 5,
}
