namespace ResourceService.Load.Driving;

/// <summary>How claims are sent, or what is sent instead.</summary>
internal enum DriveMode
{
    /// <summary>gRPC health Check: the cost of a call that does nothing.</summary>
    Empty,

    /// <summary>ClaimInstance, one claim a call.</summary>
    Unary,

    /// <summary>ClaimInstances, many claims a call.</summary>
    Batch,

    /// <summary>StreamClaims, claims and answers as they come.</summary>
    Stream,
}
