namespace Mesh.Controller.Changes;

/// <summary>What tells all replicas, when the transaction commits, that something with a given name has changed. Nobody polls.</summary>
public static class ChangeTopics
{
    /// <summary>The channel that every change is sent to, inside the transaction that makes it; the payload is a name.</summary>
    public const string Channel = "controller_changes";

    /// <summary>Sends a name to the channel.</summary>
    public const string Notify = "select pg_notify('controller_changes', @name)";

    /// <summary>The name that stands for deployments that are due.</summary>
    public const string DueDeployments = "due";

    /// <summary>The name that stands for the table of routes.</summary>
    public const string Routes = "routes";
}
