using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Numerics;

namespace Mesh.Common.Metrics;

/// <summary>Listens to the meters of this process and keeps what they measure.</summary>
internal sealed class MetricReader : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<Instrument, Metric> _metrics = new();
    private readonly Lock _reading = new();

    public MetricReader(IMeterFactory factory)
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            // A meter of another host in this process (tests run several) has another factory as its scope.
            var scope = instrument.Meter.Scope;
            if (!MeshMeters.IsRead(instrument.Meter.Name) || (scope is not null && !ReferenceEquals(scope, factory))) return;
            listener.EnableMeasurementEvents(instrument, _metrics.GetOrAdd(instrument, static i => new(i)));
        };
        _listener.MeasurementsCompleted = (instrument, _) => _metrics.TryRemove(instrument, out var _);
        Listen<byte>();
        Listen<short>();
        Listen<int>();
        Listen<long>();
        Listen<float>();
        Listen<double>();
        Listen<decimal>();
        _listener.Start();
    }

    /// <summary>All metrics now, by name.</summary>
    public IReadOnlyList<Metric> Read()
    {
        lock (_reading)
        {
            foreach (var metric in _metrics.Values) metric.BeginObservation();
            _listener.RecordObservableInstruments();
            return [.. _metrics.Values.OrderBy(m => m.Name, StringComparer.Ordinal)];
        }
    }

    public void Dispose() => _listener.Dispose();

    private void Listen<T>() where T : struct, INumber<T> => _listener.SetMeasurementEventCallback<T>(static (_, value, tags, state) =>
        ((Metric)state!).Record(double.CreateSaturating(value), tags));
}
