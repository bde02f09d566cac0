namespace Mesh.Ingestion.Series;

/// <summary>Why an item was not taken.</summary>
public enum RejectionReason
{
    None,
    UnknownSeriesRef,
    InvalidMetricName,
    InvalidLabelName,
    DuplicateLabel,
    LabelValueTooLong,
    InvalidUtf8,
    TooManyLabels,
    TooOld,
    TooFarInFuture,
    SeriesLimit,
    RateLimit,
    ForeignTenant,
    TooLarge,
    UnsupportedType,
    InvalidId,
}
