namespace ResourceService.Server.Security;

/// <summary>Why a call or a connection is refused: the label of the metric and the word in the log.</summary>
internal enum AccessRefusal
{
    /// <summary>Neither certificate nor token.</summary>
    NoCredentials,

    /// <summary>The certificate is from another authority.</summary>
    CertificateUntrusted,

    /// <summary>The certificate is not valid yet, or not any more.</summary>
    CertificateExpired,

    /// <summary>The certificate is not for clients.</summary>
    CertificatePurpose,

    /// <summary>No name in the certificate is configured.</summary>
    CertificateUnmapped,

    /// <summary>The certificate's names are those of several callers.</summary>
    CertificateAmbiguous,

    /// <summary>The token is not one of this issuer, or damaged.</summary>
    TokenInvalid,

    /// <summary>The token is not valid yet, or not any more.</summary>
    TokenExpired,

    /// <summary>The token is meant for someone else.</summary>
    TokenAudience,

    /// <summary>No key of the issuer is known yet: whoever it is has to come back.</summary>
    KeysUnknown,

    /// <summary>No role of the caller includes the method.</summary>
    RoleInsufficient,

    /// <summary>The agent of another node.</summary>
    NodeNotOwned,

    /// <summary>The caller asks too much at a time.</summary>
    CallerLimited,

    /// <summary>The client's address has as many connections, or as many watches of health by callers that are not known, as it may.</summary>
    AddressLimited,

    /// <summary>The connection took back most of the calls that it opened.</summary>
    CallsTakenBack,
}

/// <summary>Who calls, or why that is not known.</summary>
internal readonly record struct Identification(Caller? Caller, AccessRefusal Refusal)
{
    public static implicit operator Identification(Caller caller) => new(caller, default);

    public static implicit operator Identification(AccessRefusal refusal) => new(null, refusal);
}
