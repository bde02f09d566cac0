using Mesh.Ingestion.Columns;

namespace Mesh.Ingestion.Tables;

/// <summary>The values of samples, as the two columns hold them.</summary>
public sealed class SampleValues(ValueColumn<byte> scale, ValueColumn<long> mantissa)
{
    public void Add(DecimalValue value)
    {
        scale.Add(value.Scale);
        mantissa.Add(value.Mantissa);
    }

    public void Add(double value) => Add(DecimalValue.Encode(value));

    /// <summary>All values, read back.</summary>
    public ReadOnlySpan<double> Values
    {
        get
        {
            var values = new double[mantissa.Rows];
            for (var row = 0; row < values.Length; row++)
                values[row] = new DecimalValue(mantissa.Values[row], scale.Values[row]).Value;
            return values;
        }
    }
}
