using System.Text.RegularExpressions;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Mesh.Common.Errors;

namespace Mesh.Scheduler.Workloads;

/// <summary>Finds everything that is wrong with a spec, at once.</summary>
public sealed partial class SpecCheck
{
    private const int MaxEnvBytes = 256 * 1024;
    private readonly List<FieldViolation> _violations = [];

    /// <summary>The spec in its normal form.</summary>
    /// <exception cref="MeshException">INVALID_ARGUMENT, with all violations.</exception>
    public static V1.WorkloadSpec Normalise(V1.WorkloadSpec? spec, string field = "workload.spec")
    {
        if (spec is null)
            throw MeshException.InvalidArgument(field, "A spec is required.");
        var check = new SpecCheck();
        check.Spec(spec, field);
        check.Demand(!JsonFormatter.Default.Format(spec).Contains("\\u0000", StringComparison.Ordinal), field, "No text may contain a NUL.");
        check.ThrowIfAny();
        var normal = spec.Clone();
        normal.Kind = V1.WorkloadKind.Service;
        return normal;
    }

    /// <summary>Checks a template alone.</summary>
    public static void Check(V1.Template? template, string field)
    {
        var check = new SpecCheck();
        check.Template(template, field);
        check.ThrowIfAny();
    }

    private void Spec(V1.WorkloadSpec spec, string field)
    {
        Demand(spec.Kind is V1.WorkloadKind.Unspecified or V1.WorkloadKind.Service, $"{field}.kind",
            spec.Kind == V1.WorkloadKind.Job ? "Jobs are made by CreateJob." : "Only services can be applied so far.");
        Demand(spec.Count is >= 0 and <= 10_000, $"{field}.count", "The count must be 0 to 10,000.");
        Demand(spec.Priority is >= 0 and <= 100, $"{field}.priority", "The priority must be 0 to 100.");
        Demand(spec.Schedule.Length == 0, $"{field}.schedule", "Only a cron workload has a schedule.");
        Demand(spec.Update is not { MaxSurge: < 0 }, $"{field}.update.max_surge", "It must not be negative.");
        Demand(spec.Update is not { MaxUnavailable: < 0 }, $"{field}.update.max_unavailable", "It must not be negative.");
        Duration(spec.Update?.HealthyDeadline, TimeSpan.FromHours(1), $"{field}.update.healthy_deadline");
        Template(spec.Template, $"{field}.template");
        for (var i = 0; i < spec.Constraints.Count; i++)
            Constraint(spec.Constraints[i], $"{field}.constraints[{i}]");
        for (var i = 0; i < spec.Affinities.Count; i++)
        {
            Constraint(spec.Affinities[i].Constraint, $"{field}.affinities[{i}].constraint");
            Demand(spec.Affinities[i].Weight is >= -100 and <= 100, $"{field}.affinities[{i}].weight", "The weight must be -100 to 100.");
        }
        for (var i = 0; i < spec.Spreads.Count; i++)
        {
            Demand(spec.Spreads[i].Attribute.Length > 0, $"{field}.spreads[{i}].attribute", "The attribute is required.");
            Demand(spec.Spreads[i].Weight is >= 0 and <= 100, $"{field}.spreads[{i}].weight", "The weight must be 1 to 100.");
        }
    }

    private void Template(V1.Template? template, string field)
    {
        Demand(template is not null, field, "A template is required.");
        if (template is null)
            return;
        Demand(ImagePattern.IsMatch(template.Image), $"{field}.image", "The image must have the form `{tenant}/{repository}@sha256:{hex}`.");
        foreach (var name in template.Env.Keys)
            Demand(EnvPattern.IsMatch(name), $"{field}.env[{name}]", "A name has letters, digits and underscores and does not begin with a digit.");
        Demand(template.Env.Sum(e => e.Key.Length + e.Value.Length) <= MaxEnvBytes, $"{field}.env", "All of it may have 256 KiB at most.");
        Demand(template.Env.Values.All(value => !value.Contains('\0')), $"{field}.env", "A value must not contain a NUL.");
        Duration(template.TerminationGrace, TimeSpan.FromMinutes(10), $"{field}.termination_grace");
        Duration(template.HealthCheck?.Interval, TimeSpan.FromHours(1), $"{field}.health_check.interval");
        Duration(template.HealthCheck?.Timeout, TimeSpan.FromMinutes(5), $"{field}.health_check.timeout");
        Path(template.HealthCheck?.Http?.Path ?? "", $"{field}.health_check.http.path");
        Path(template.MetricsPath, $"{field}.metrics_path");
        Demand(template.HealthCheck is not { Exec.Command.Count: 0 }, $"{field}.health_check.exec.command", "A command is required.");
        Demand(template.HealthCheck is null || template.HealthCheck.CheckCase == V1.HealthCheck.CheckOneofCase.Exec || template.Listens,
            $"{field}.health_check", "A process that does not listen can only be checked by a command.");
        Resources(template.Resources ?? new(), $"{field}.resources");
    }

    private void Path(string path, string field) => Demand(
        path.Length == 0 || (path.Length <= 1000 && path[0] == '/' && !path.StartsWith("//", StringComparison.Ordinal) && !path.Any(char.IsControl)), field,
        "A path begins with one slash and has at most 1,000 characters, none of them a control character.");

    private void Resources(V1.Resources resources, string field)
    {
        long[] amounts =
        [
            resources.CpuMillis, resources.MemoryBytes, resources.CpuLimitMillis, resources.MemoryLimitBytes, resources.DiskBytes,
            resources.PidsLimit,
        ];
        Demand(amounts.All(amount => amount >= 0), field, "No amount may be negative.");
        Demand(resources.MemoryLimitBytes == 0 || resources.MemoryLimitBytes >= resources.MemoryBytes, $"{field}.memory_limit_bytes",
            "The limit must not be less than what is reserved.");
    }

    private void Constraint(V1.Constraint? constraint, string field)
    {
        Demand(constraint is { Attribute.Length: > 0, Values.Count: > 0 }, field, "An attribute and a value are required.");
        if (constraint is not { Values.Count: > 0 })
            return;
        try
        {
            constraint.ToDomain();
        }
        catch (Exception e) when (e is ArgumentException or FormatException or NotSupportedException)
        {
            _violations.Add(new(field, e.Message));
        }
    }

    private void Duration(Duration? duration, TimeSpan longest, string field) => Demand(
        duration is null || (duration is { Seconds: >= 0, Nanos: >= 0 and < 1_000_000_000 } && duration.Seconds <= longest.TotalSeconds), field,
        $"It must be between 0 and {longest.TotalMinutes} min.");

    private void Demand(bool holds, string field, string description)
    {
        if (!holds)
            _violations.Add(new(field, description));
    }

    private void ThrowIfAny()
    {
        if (_violations.Count > 0)
            throw MeshException.InvalidArgument(_violations);
    }

    [GeneratedRegex(@"\A[a-z0-9-]+(/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}\z")]
    private static partial Regex ImagePattern { get; }

    [GeneratedRegex(@"\A[A-Za-z_][A-Za-z0-9_.-]*\z")]
    private static partial Regex EnvPattern { get; }
}
