# What speaks to AWS.
tocsin_test(NAME tocsin_aws_signer_contract
            SOURCES aws_signer_test.cpp
            DEPS adapters_aws loopback LIBS PkgConfig::curl LABELS contract)
