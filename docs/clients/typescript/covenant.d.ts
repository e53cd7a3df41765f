/** Written by `npm run generate` from the OpenAPI document: what the API key of a contract can call, and the events. */
export interface paths {
    "/api/v1/me": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the caller of this key or session
         * @description Needs the role viewer or above, or the API key of the contract.
         */
        get: operations["getCaller"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contracts/{id}/generate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Generate licenses
         * @description Below 100 licenses, the response contains them. From 100 on, the response is 202 and a job generates them; `Location` has its URL. Requests by the API key of the contract are limited by its `rate_limits`: the answers to them, except to those that fail before, have the fields `RateLimit-Policy` and `RateLimit`, and a refusal (429 RATE_LIMITED) has `Retry-After`. A dry run counts as one request and no licenses, whatever it shows; only a refusal by the requests that are left counts nothing. It shows what a new request gets: it neither stores an idempotency key nor answers with the response that is stored for one.
         *
         *     Needs the role admin or above, or the API key of the contract.
         */
        post: operations["generateLicenses"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List generation jobs
         * @description Newest first. With contract_id, the list is the generation history of the contract, including inline requests. The time is `created_at`, by the clock of the contract.
         *
         *     Needs the role operator or above, or the API key of the contract.
         */
        get: operations["listJobs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a generation job
         * @description Needs the role operator or above, or the API key of the contract.
         */
        get: operations["getJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/progress": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Follow a generation job
         * @description Server-sent events: `progress` with the current job, again at every change; then `end` with the finished job, and the stream closes. After 15 seconds without a change a comment is sent. A stream that closes without `end` can be opened again, unless the API key was revoked. A client that reads nothing for 30 seconds is disconnected.
         *
         *     Needs the role operator or above, or the API key of the contract.
         */
        get: operations["followJob"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contracts/{id}/pool/grab": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take licenses from a pool
         * @description Takes the available licenses that expire first, for an order: all or none, and once for each `order_ref`. They are assigned to the customer at once, or held until they are assigned, released or `held_until` is over. A request by the API key of the contract counts as a request in its `rate_limits`, and no licenses; a repeated order does not count.
         *
         *     Needs the role admin or above, or the API key of the contract.
         */
        post: operations["grabLicenses"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holds/{id}/assign": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Assign held licenses
         * @description All licenses of the hold become those of the customer. A hold that is over cannot be assigned, nor one with a license that was suspended, revoked or expired: release it, and grab licenses for a new order.
         *
         *     Needs the role admin or above, or the API key of the contract.
         */
        post: operations["assignHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holds/{id}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Release held licenses
         * @description The licenses are available again. A hold that is over needs no release.
         *
         *     Needs the role admin or above, or the API key of the contract.
         */
        post: operations["releaseHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/holds/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read a hold
         * @description With the licenses that it has now. Viewers get masked keys.
         *
         *     Needs the role viewer or above, or the API key of the contract.
         */
        get: operations["getHold"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contracts/{id}/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List the holds of a contract
         * @description Newest first by default; `order` reverses it. Orders whose licenses were assigned at once are in it too.
         *
         *     Needs the role viewer or above, or the API key of the contract.
         */
        get: operations["listHolds"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/licenses/{id}/return": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Take a license back
         * @description An assigned license that was never activated no longer belongs to its customer, within 30 days of its assignment. A license of a pool is available again, with its original expiry, and no program can use it until the next order or assignment.
         *
         *     Needs the role admin or above, or the API key of the contract.
         */
        post: operations["returnLicense"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/licenses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List licenses
         * @description Newest first by default; `order` reverses it. Viewers get masked keys and can search by id only. The API key of a contract lists the licenses of its contract.
         *
         *     Needs the role viewer or above, or the API key of the contract.
         */
        get: operations["listLicenses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/jobs/{id}/licenses.csv": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export the licenses of a generation job as CSV
         * @description In the order of their ordinals. For an unfinished job, the file has the licenses that exist. When the file cannot be completed, the connection is closed before the end of the response: after an error, when the API key is revoked, when the client reads nothing for 30 seconds, or after an hour.
         *
         *     Needs the role operator or above, or the API key of the contract.
         */
        get: operations["exportJobLicenses"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/licenses/{id}/certificate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the signed form of a license
         * @description Valid as long as the license, on every device. It is derived from the license, and is the same text until the license or the signing key of its product changes.
         *
         *     Needs the role operator or above, or the API key of the contract.
         */
        get: operations["getLicenseCertificate"];
        put?: never;
        /**
         * Issue a certificate of a license
         * @description Signed now, optionally for a time or for one device. The first certificate of a product creates its signing key. A certificate cannot be taken back: programs that read the list of withdrawn licenses refuse it after a revocation, others only when it ends.
         *
         *     Needs the role admin or above, or the API key of the contract.
         */
        post: operations["createLicenseCertificate"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/contracts/{id}/usage": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read what a contract has used and what is left
         * @description The rate limits are those of the API key of the contract. Reading them consumes nothing.
         *
         *     Needs the role viewer or above, or the API key of the contract.
         */
        get: operations["getContractUsage"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface webhooks {
    "contract.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.created
         * @description A contract is created, active or as a draft.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.created",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 1,
                     *         "reason": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractCreatedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.updated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.updated
         * @description Fields of a contract are edited.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.updated",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractUpdatedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.activated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.activated
         * @description A draft is activated.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.activated",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 2,
                     *         "reason": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractActivatedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.term_started": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.term_started
         * @description The first term begins on its start date.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.term_started",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractTermStartedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.paused": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.paused
         * @description An admin pauses a contract.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.paused",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "PAUSED",
                     *         "revision": 4,
                     *         "reason": "paused"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractPausedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.resumed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.resumed
         * @description A paused contract is resumed, by an admin or at its `resume_at`.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.resumed",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": "resume_at"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractResumedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.suspended": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.suspended
         * @description A contract is suspended, for unpaid invoices or for compliance.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.suspended",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "SUSPENDED",
                     *         "revision": 4,
                     *         "reason": "billing"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractSuspendedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.reinstated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.reinstated
         * @description A suspended or terminated contract is reinstated.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.reinstated",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": "billing"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractReinstatedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.renewed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.renewed
         * @description A new term begins, by an automatic renewal or by an admin.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.renewed",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": "auto",
                     *         "term_number": 2,
                     *         "mode": "auto",
                     *         "basis": "from_expiry",
                     *         "start_date": "2028-01-01",
                     *         "end_date": "2029-01-01",
                     *         "gap_days": 0,
                     *         "quota_added": 300,
                     *         "reference": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractRenewedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.grace_started": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.grace_started
         * @description A term ends without a renewal, and the days of grace begin.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.grace_started",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "EXPIRY_GRACE",
                     *         "revision": 4,
                     *         "reason": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractGraceStartedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.expired": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.expired
         * @description A contract expires.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.expired",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "EXPIRED",
                     *         "revision": 4,
                     *         "reason": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractExpiredEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.terminated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.terminated
         * @description A contract is terminated, by an admin or because invoices stay unpaid.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.terminated",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "TERMINATED",
                     *         "revision": 4,
                     *         "reason": "billing"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractTerminatedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.amended": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.amended
         * @description An amendment takes effect.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.amended",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": null,
                     *         "amendment_id": "0197a3c2-8b42-7c33-8a74-6d9e1f2a3b5c",
                     *         "effective_date": "2027-07-01"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractAmendedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.deleted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.deleted
         * @description A contract is deleted. This is its last event.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.deleted",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "DELETED",
                     *         "revision": 4,
                     *         "reason": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractDeletedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "amendment.scheduled": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * amendment.scheduled
         * @description An amendment is created for a later day.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "amendment.scheduled",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": null,
                     *         "amendment_id": "0197a3c2-8b42-7c33-8a74-6d9e1f2a3b5c",
                     *         "effective_date": "2027-07-01",
                     *         "changes": {
                     *           "quota_add": 200
                     *         }
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["AmendmentScheduledEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "amendment.cancelled": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * amendment.cancelled
         * @description A pending amendment is withdrawn.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "amendment.cancelled",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": null,
                     *         "amendment_id": "0197a3c2-8b42-7c33-8a74-6d9e1f2a3b5c"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["AmendmentCancelledEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "amendment.failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * amendment.failed
         * @description An amendment cannot take effect on its day. Nothing is changed.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "amendment.failed",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": "QUOTA_BELOW_USED",
                     *         "amendment_id": "0197a3c2-8b42-7c33-8a74-6d9e1f2a3b5c",
                     *         "effective_date": "2027-07-01",
                     *         "code": "QUOTA_BELOW_USED",
                     *         "detail": "The quota cannot be lower than the licenses that were claimed."
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["AmendmentFailedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "renewal.reminder_due": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * renewal.reminder_due
         * @description The end of a term comes nearer: 90, 60, 30 and 7 days before it.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "renewal.reminder_due",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": "30 days",
                     *         "term_number": 1,
                     *         "end_date": "2028-01-01",
                     *         "renewal_mode": "auto",
                     *         "days_before": 30
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["RenewalReminderDueEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "renewal.notice_due": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * renewal.notice_due
         * @description The last day to opt out of the automatic renewal begins.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "renewal.notice_due",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": null,
                     *         "term_number": 1,
                     *         "end_date": "2028-01-01",
                     *         "renewal_mode": "auto"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["RenewalNoticeDueEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "renewal.opted_out": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * renewal.opted_out
         * @description The customer opts out of the automatic renewal.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "renewal.opted_out",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": "in time",
                     *         "opt_out_term": 1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["RenewalOptedOutEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "renewal.blocked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * renewal.blocked
         * @description An automatic renewal is not possible. It is tried again on each day of grace.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "renewal.blocked",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "EXPIRY_GRACE",
                     *         "revision": 4,
                     *         "reason": "PAST_DUE",
                     *         "term_number": 1,
                     *         "end_date": "2028-01-01",
                     *         "renewal_mode": "auto"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["RenewalBlockedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "billing.past_due": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * billing.past_due
         * @description An invoice is unpaid after its due date.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "billing.past_due",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "PAST_DUE",
                     *         "revision": 4,
                     *         "reason": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["BillingPastDueEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "billing.cleared": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * billing.cleared
         * @description No invoice is overdue any more.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "billing.cleared",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["BillingClearedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.api_key_revealed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.api_key_revealed
         * @description The API key of a contract is shown to an admin.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.api_key_revealed",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "key_id": "K7Q2M9XT4BW3",
                     *         "actor_id": "0197a3c2-e1b8-7c29-9fda-c3f471829bae"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractApiKeyRevealedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "contract.api_key_rotated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * contract.api_key_rotated
         * @description The API key of a contract is replaced by a new one.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "contract.api_key_rotated",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "key_id": "K7Q2M9XT4BW3",
                     *         "actor_id": "0197a3c2-e1b8-7c29-9fda-c3f471829bae",
                     *         "former_key_id": "B4XWQ8ZP2NK6",
                     *         "former_key_accepted_until": "2027-06-07T10:30:00.000Z"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ContractApiKeyRotatedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "quota.granted": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * quota.granted
         * @description The quota of a contract is raised: by an edit, a renewal or an amendment.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "quota.granted",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "state": "ACTIVE",
                     *         "revision": 4,
                     *         "reason": "contract.updated",
                     *         "amount": 300,
                     *         "total": 500,
                     *         "period_label": "Q2",
                     *         "claimed": 200,
                     *         "remaining": 300,
                     *         "message": "Q2 quota activated: 300 licenses available"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["QuotaGrantedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "quota.threshold_reached": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * quota.threshold_reached
         * @description Claims use 80 or 100 percent of the quota.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "quota.threshold_reached",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "job_id": "0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a",
                     *         "threshold": 80,
                     *         "superseded": false,
                     *         "total": 500,
                     *         "claimed": 412,
                     *         "remaining": 88
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["QuotaThresholdReachedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "quota.runs_out_soon": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * quota.runs_out_soon
         * @description By the forecast, the quota is used up within 7 days.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "quota.runs_out_soon",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "in_days": 5,
                     *         "runs_out_on": "2027-06-12",
                     *         "per_day": 17.5,
                     *         "total": 500,
                     *         "claimed": 412,
                     *         "remaining": 88
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["QuotaRunsOutSoonEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "pool.low_water": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * pool.low_water
         * @description The available licenses of a pool fall below its `low_water`. Written again only after there were ten percent more.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "pool.low_water",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "available": 99,
                     *         "low_water": 100
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PoolLowWaterEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "pool.replenish_blocked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * pool.replenish_blocked
         * @description A pool cannot be replenished, such as because a job failed.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "pool.replenish_blocked",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "target": 500,
                     *         "available": 80,
                     *         "reserved": 0,
                     *         "requested": 0,
                     *         "remaining": 1200,
                     *         "code": "JOB_FAILED"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PoolReplenishBlockedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "pool.replenish_blocked_by_quota": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * pool.replenish_blocked_by_quota
         * @description A pool cannot be replenished up to its target, because the quota is used up.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "pool.replenish_blocked_by_quota",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "target": 500,
                     *         "available": 80,
                     *         "reserved": 0,
                     *         "requested": 0,
                     *         "remaining": 0,
                     *         "code": "QUOTA_EXCEEDED"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PoolReplenishBlockedByQuotaEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "limit.exceeded": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * limit.exceeded
         * @description More is asked for than a limit allows: once when that begins, again at most once in 24 hours when the demand grows, and at most four weekly reminders. A limit that is only reached has no such event.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "limit.exceeded",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "limit": "quota",
                     *         "episode_id": "0197a3c2-f2c9-7d3a-8aeb-d4058293acbf",
                     *         "number": 1,
                     *         "occasion": "opened",
                     *         "demand": 550,
                     *         "limit_value": 500,
                     *         "used": 500,
                     *         "largest_request": 50,
                     *         "opened_at": "2027-06-07T09:30:00.000Z"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LimitExceededEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "license.batch_generated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * license.batch_generated
         * @description Licenses of a contract are generated: one event for each request or background job that generated any.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "license.batch_generated",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "job_id": "0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a",
                     *         "state": "SUCCEEDED",
                     *         "licenses_requested": 50,
                     *         "licenses_generated": 50,
                     *         "is_test": false,
                     *         "licenses": [
                     *           {
                     *             "id": "lic_16777217",
                     *             "key": "CAD-7KQ2M-9XT4B-W3HRD-P8NCE"
                     *           }
                     *         ],
                     *         "licenses_url": "https://covenant.example/api/v1/licenses?job_id=0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LicenseBatchGeneratedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "license.batch_imported": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * license.batch_imported
         * @description Existing licenses are imported into a contract: one event for each end of an import that imported any. An import that is resumed ends again: the counts of its next event are those since the event before, so that sums are right.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "license.batch_imported",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "job_id": "0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a",
                     *         "state": "PARTIAL",
                     *         "imported": 990,
                     *         "skipped": 0,
                     *         "rejected": 10,
                     *         "pending": 0,
                     *         "licenses": [
                     *           {
                     *             "id": "lic_16777217",
                     *             "key": "CAD-7KQ2M-9XT4B-W3HRD-P8NCE"
                     *           }
                     *         ],
                     *         "licenses_url": "https://covenant.example/api/v1/licenses?job_id=0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LicenseBatchImportedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "license.created": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * license.created
         * @description Single licenses are created without a contract.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "license.created",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": null,
                     *       "environment": "production",
                     *       "sequence": null,
                     *       "data": {
                     *         "product_id": "0197a3c2-ad64-7e55-8c96-8fb03c4d5e7a",
                     *         "generator_id": "0197a3c2-be75-7f66-9da7-90c14d5e6f8b",
                     *         "count": 1,
                     *         "customer_id": "0197a3c2-7a31-7b22-9f63-5c8d0e1f2a4b",
                     *         "expires_at": "2028-07-01T00:00:00.000Z",
                     *         "license_ids": [
                     *           "lic_16777217"
                     *         ],
                     *         "licenses": [
                     *           {
                     *             "id": "lic_16777217",
                     *             "key": "CAD-7KQ2M-9XT4B-W3HRD-P8NCE"
                     *           }
                     *         ],
                     *         "licenses_url": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LicenseCreatedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "license.assigned": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * license.assigned
         * @description Licenses are assigned to a customer.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "license.assigned",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "count": 1,
                     *         "license_ids": [
                     *           "lic_16777217"
                     *         ],
                     *         "operation_id": "0197a3c2-9c53-7d44-9b85-7eaf2b3c4d6e",
                     *         "customer_id": "0197a3c2-7a31-7b22-9f63-5c8d0e1f2a4b",
                     *         "reassigned": 0,
                     *         "hold_id": null,
                     *         "order_ref": null,
                     *         "licenses": [
                     *           {
                     *             "id": "lic_16777217",
                     *             "key": "CAD-7KQ2M-9XT4B-W3HRD-P8NCE"
                     *           }
                     *         ],
                     *         "licenses_url": "https://covenant.example/api/v1/assignments/0197a3c2-9c53-7d44-9b85-7eaf2b3c4d6e"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LicenseAssignedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "license.reassigned": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * license.reassigned
         * @description Licenses are assigned to a customer, some of them from another one.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "license.reassigned",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "count": 1,
                     *         "license_ids": [
                     *           "lic_16777217"
                     *         ],
                     *         "operation_id": "0197a3c2-9c53-7d44-9b85-7eaf2b3c4d6e",
                     *         "customer_id": "0197a3c2-7a31-7b22-9f63-5c8d0e1f2a4b",
                     *         "reassigned": 1,
                     *         "hold_id": null,
                     *         "order_ref": null,
                     *         "licenses": [
                     *           {
                     *             "id": "lic_16777217",
                     *             "key": "CAD-7KQ2M-9XT4B-W3HRD-P8NCE"
                     *           }
                     *         ],
                     *         "licenses_url": "https://covenant.example/api/v1/assignments/0197a3c2-9c53-7d44-9b85-7eaf2b3c4d6e"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LicenseReassignedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "license.returned": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * license.returned
         * @description A license is taken back from its customer. A license of a pool is available again.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "license.returned",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "license_id": "lic_16777217",
                     *         "job_id": "0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a",
                     *         "customer_id": "0197a3c2-7a31-7b22-9f63-5c8d0e1f2a4b",
                     *         "reason": "Refund of order 2027-118",
                     *         "licenses": [
                     *           {
                     *             "id": "lic_16777217",
                     *             "key": "CAD-7KQ2M-9XT4B-W3HRD-P8NCE"
                     *           }
                     *         ],
                     *         "licenses_url": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LicenseReturnedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "license.suspended": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * license.suspended
         * @description Licenses are suspended.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "license.suspended",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "count": 1,
                     *         "license_ids": [
                     *           "lic_16777217"
                     *         ],
                     *         "operation_id": null,
                     *         "reason": "Refund of order 2027-118",
                     *         "licenses": [
                     *           {
                     *             "id": "lic_16777217",
                     *             "key": "CAD-7KQ2M-9XT4B-W3HRD-P8NCE"
                     *           }
                     *         ],
                     *         "licenses_url": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LicenseSuspendedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "license.reinstated": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * license.reinstated
         * @description Suspended licenses are reinstated.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "license.reinstated",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "count": 1,
                     *         "license_ids": [
                     *           "lic_16777217"
                     *         ],
                     *         "operation_id": null,
                     *         "reason": "Refund of order 2027-118",
                     *         "licenses": [
                     *           {
                     *             "id": "lic_16777217",
                     *             "key": "CAD-7KQ2M-9XT4B-W3HRD-P8NCE"
                     *           }
                     *         ],
                     *         "licenses_url": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LicenseReinstatedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "license.revoked": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * license.revoked
         * @description Licenses are revoked for good.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "license.revoked",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "count": 1,
                     *         "license_ids": [
                     *           "lic_16777217"
                     *         ],
                     *         "operation_id": null,
                     *         "reason": "Refund of order 2027-118",
                     *         "licenses": [
                     *           {
                     *             "id": "lic_16777217",
                     *             "key": "CAD-7KQ2M-9XT4B-W3HRD-P8NCE"
                     *           }
                     *         ],
                     *         "licenses_url": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["LicenseRevokedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "job.failed": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * job.failed
         * @description A background job ends and has not done all that was requested: one event for each such end. A job that is resumed can end again. A cancelled job has none, and neither has an import of up to 1,000 rows, whose answer says what was rejected.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "job.failed",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "kind": "generation",
                     *         "job_id": "0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a",
                     *         "state": "PARTIAL",
                     *         "requested": 5000,
                     *         "done": 4000,
                     *         "failed": 1000,
                     *         "code": "GENERATOR_KEYSPACE_EXHAUSTED"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["JobFailedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "schedule.run_shortened": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * schedule.run_shortened
         * @description A run of a schedule generates fewer licenses than it should, because the quota is used up.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "schedule.run_shortened",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "schedule_id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9d",
                     *         "due_at": "2027-06-07T09:30:00.000Z",
                     *         "requested": 100,
                     *         "remaining": 0,
                     *         "code": "QUOTA_EXCEEDED",
                     *         "licenses": 40,
                     *         "job_id": "0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ScheduleRunShortenedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "schedule.run_skipped": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * schedule.run_skipped
         * @description A run of a schedule generates no licenses.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "schedule.run_skipped",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "schedule_id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9d",
                     *         "due_at": "2027-06-07T09:30:00.000Z",
                     *         "requested": 100,
                     *         "remaining": 60,
                     *         "code": "CONTRACT_INACTIVE",
                     *         "licenses": 0,
                     *         "job_id": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ScheduleRunSkippedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "schedule.run_unassigned": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * schedule.run_unassigned
         * @description The licenses of a run of a schedule are assigned to no customer, because the customer of the schedule was erased. Set another assign_to.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "schedule.run_unassigned",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "schedule_id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9d",
                     *         "due_at": "2027-06-07T09:30:00.000Z",
                     *         "requested": 100,
                     *         "remaining": 400,
                     *         "code": "PERSON_ERASED",
                     *         "licenses": 100,
                     *         "job_id": "0197a3c2-6f20-7a11-8e52-4b7c9d0e1f3a"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ScheduleRunUnassignedEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "report.due": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * report.due
         * @description The report of a contract is due by its schedule (`/contracts/{id}/report-schedules`): one event for each schedule and day. Of several that were missed, only the newest is written.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "report.due",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *         "schedule_id": "0197a3c2-03da-7e4b-9bfc-e5169304bdc0",
                     *         "frequency": "monthly",
                     *         "date": "2027-06-01",
                     *         "due_at": "2027-06-01T06:00:00.000Z"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ReportDueEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "webhook.disabled": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * webhook.disabled
         * @description Covenant disables an endpoint of webhooks: it answered 410, or nothing but failures for five days. What it is owed waits until it is enabled.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "webhook.disabled",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": "0197a3c2-5b1e-7c40-9d3f-2a6b8c0d1e2f",
                     *       "environment": "production",
                     *       "sequence": 7,
                     *       "data": {
                     *         "endpoint_id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9e",
                     *         "reason": "failing",
                     *         "failing_since": "2027-06-02T09:30:00.000Z"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookDisabledEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "webhook.test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * webhook.test
         * @description An admin tests an endpoint (`POST /webhook-endpoints/{id}/test`). Only this endpoint receives it, whatever its filter is.
         */
        post: {
            parameters: {
                query?: never;
                header?: never;
                path?: never;
                cookie?: never;
            };
            requestBody: {
                content: {
                    /**
                     * @example {
                     *       "type": "webhook.test",
                     *       "id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9c",
                     *       "at": "2027-06-07T09:30:00.000Z",
                     *       "contract_id": null,
                     *       "environment": "production",
                     *       "sequence": null,
                     *       "data": {
                     *         "endpoint_id": "0197a3c2-cf86-7077-8eb8-a1d25e6f7a9e"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookTestEvent"];
                };
            };
            responses: {
                /** @description The event was received */
                "2XX": {
                    headers: {
                        [name: string]: unknown;
                    };
                    content?: never;
                };
            };
        };
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export interface components {
    schemas: {
        /**
         * @description true: the action is possible now; otherwise the code of the refusal (the role is checked first)
         * @example true
         */
        AllowedAction: true | {
            /** @description The code of the refusal */
            code: string;
        };
        Problem: {
            /** @description A URN that names the code */
            type: string;
            title: string;
            status: number;
            /** @description What happened in this case, and what to do about it */
            detail: string;
            /** @description A stable code; use it to distinguish errors */
            code: string;
            /** @description Every code that applies. The first one is `code` */
            reasons: string[];
            /** @description Every value that `detail` mentions */
            metadata: {
                [key: string]: unknown;
            };
            errors?: {
                path: string;
                message: string;
            }[];
            request_id: string;
        };
        Me: components["schemas"]["MeAdmin"] | components["schemas"]["MeSession"] | components["schemas"]["MeContract"];
        MeAdmin: {
            /** @enum {string} */
            kind: "admin";
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            id: string;
            email: string;
            /** @description The name that the audit shows */
            name: string;
            /**
             * @description super_admin can do everything; viewer can only read
             * @enum {string}
             */
            role: "super_admin" | "admin" | "operator" | "viewer";
            /**
             * Format: uuid
             * @description The API key of this request
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            api_key_id: string;
        };
        MeSession: {
            /** @enum {string} */
            kind: "session";
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            id: string;
            email: string;
            /** @description The name that the audit shows */
            name: string;
            /**
             * @description super_admin can do everything; viewer can only read
             * @enum {string}
             */
            role: "super_admin" | "admin" | "operator" | "viewer";
            /**
             * Format: uuid
             * @description The session of this request
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            session_id: string;
        };
        MeContract: {
            /** @enum {string} */
            kind: "contract";
            /**
             * Format: uuid
             * @description The contract to which the key belongs
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            contract_id: string;
            /** @enum {string} */
            environment: "production" | "staging" | "development";
            /** @description The public part of the key */
            key_id: string;
            /**
             * Format: uuid
             * @description The API key of this request
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            api_key_id: string;
        };
        GenerateResult: {
            /** @enum {boolean} */
            success: true;
            licenses_generated: number;
            licenses_requested: number;
            /** @description The quota that is neither generated nor reserved by unfinished jobs */
            quota_remaining: number;
            /**
             * Format: uuid
             * @description The generation job; inline requests also have one, a dry run has none
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            job_id?: string;
            licenses?: {
                id: string;
                /** @description The license key. For a license of a signed generator: the certificate (JWS) that it has by itself, whose claim `jti` is the key; the key while it has no certificate */
                key: string;
                /**
                 * Format: date-time
                 * @example 2027-02-01T00:00:00.000Z
                 */
                expires_at: string | null;
            }[];
            /** @enum {boolean} */
            dry_run?: true;
        };
        GenerationJob: {
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            id: string;
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            contract_id: string;
            contract_name: string;
            /** @description The revision of the contract that all its licenses follow, despite later changes */
            contract_revision: number;
            /** @enum {string} */
            environment: "production" | "staging" | "development";
            /**
             * @description inline: within the request; background: by a job, from 100 licenses on; import: of licenses that exist (/contracts/{id}/licenses/import)
             * @enum {string}
             */
            execution: "inline" | "background" | "import";
            is_test: boolean;
            /**
             * @description Channel and execution in one word: manual or api for a request below 100 licenses, background_job from 100 on, for every caller; import
             * @enum {string}
             */
            method: "manual" | "api" | "background_job" | "schedule" | "replenishment" | "import";
            /** @enum {string} */
            state: "QUEUED" | "RUNNING" | "PAUSED" | "CANCELLING" | "SUCCEEDED" | "PARTIAL" | "FAILED" | "CANCELLED";
            /**
             * @description The state in the words of the generation history
             * @enum {string}
             */
            status: "queued" | "running" | "paused" | "cancelling" | "completed" | "completed_with_errors" | "failed" | "cancelled";
            requested: number;
            /** @description Licenses that exist */
            completed: number;
            /** @description Licenses that could not be generated; resume retries them. Rows of an import that are not imported do not count */
            failed: number;
            /** @description Completed licenses in whole percent; 100 only when all exist */
            percent: number;
            /** @description null on a test clock, whose time does not pass during the job */
            licenses_per_second: number | null;
            /**
             * Format: date-time
             * @description When the job will finish at this speed
             * @example 2027-02-01T00:00:00.000Z
             */
            eta: string | null;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            started_at: string | null;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            finished_at: string | null;
            /**
             * @description Who asked: ui: an admin, with any program; api: the API key of a contract; schedule, replenish: Covenant
             * @enum {string}
             */
            channel: "ui" | "api" | "schedule" | "replenish";
            /**
             * Format: uuid
             * @description The schedule of the contract whose run requested it; null for other jobs
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            schedule_id: string | null;
            /**
             * Format: date
             * @description The local day of that run
             * @example 2027-02-01
             */
            schedule_run_date: string | null;
            actor: {
                type: string;
                id: string;
                name: string;
            };
            /**
             * Format: date-time
             * @description When its licenses expire; null: never
             * @example 2027-02-01T00:00:00.000Z
             */
            expires_at: string | null;
            /** @description The first 100; empty for an import, whose report (`report_path`) says what became of each row */
            errors: {
                ordinal_from: number;
                ordinal_to: number;
                code: string;
            }[];
            /** @description The path of the import, with its counts; null for other jobs */
            import_path: string | null;
            /** @description The path of the report of the import; null for other jobs */
            report_path: string | null;
            allowed_actions: components["schemas"]["GenerationJobActions"];
            /** @description The id of its workflow in Temporal; null for inline requests */
            workflow_id: string | null;
        };
        /** @description What this caller can do with the resource now. For each action: true, or the code with which every such request is refused. A request can still be refused because of its values, the catalogue, another contract, or the number of existing test licenses. An action whose effect is already in place is true: repeating it changes nothing. A response that is replayed for its Idempotency-Key shows the values of the first response. */
        GenerationJobActions: {
            cancel: components["schemas"]["AllowedAction"] & unknown;
            resume: components["schemas"]["AllowedAction"] & unknown;
        };
        ProgressEvent: {
            /** @enum {string} */
            event: "progress" | "end";
            /** @description The job as the route that reads it shows it, without allowed_actions */
            data: string;
        };
        Hold: {
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            id: string;
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            contract_id: string;
            order_ref: string;
            /**
             * @description held until `held_until`, then expired: the licenses are available again, as after released
             * @enum {string}
             */
            state: "held" | "assigned" | "released" | "expired";
            /**
             * Format: date-time
             * @description The end of the hold; null when the licenses were assigned at once
             * @example 2027-02-01T00:00:00.000Z
             */
            held_until: string | null;
            /**
             * Format: uuid
             * @description The customer of the licenses, or for whom they are held
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            customer_id: string | null;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            ended_at: string | null;
            allowed_actions: components["schemas"]["HoldActions"];
            /** @description Those that still belong to the order: not those that were returned, or given to another customer or order. Empty when the hold was released or is over */
            licenses: {
                id: string;
                /** @description The license key. For a license of a signed generator: the certificate (JWS) that it has by itself, whose claim `jti` is the key; the key while it has no certificate */
                key: string;
                /** @enum {string} */
                status: "available" | "held" | "assigned" | "active" | "suspended" | "expired" | "revoked";
                /**
                 * Format: date-time
                 * @example 2027-02-01T00:00:00.000Z
                 */
                expires_at: string | null;
            }[];
        };
        /** @description What this caller can do with the resource now. For each action: true, or the code with which every such request is refused. A request can still be refused because of its values, the catalogue, another contract, or the number of existing test licenses. An action whose effect is already in place is true: repeating it changes nothing. A response that is replayed for its Idempotency-Key shows the values of the first response. */
        HoldActions: {
            assign: components["schemas"]["AllowedAction"] & unknown;
            release: components["schemas"]["AllowedAction"] & unknown;
        };
        ListedHold: {
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            id: string;
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            contract_id: string;
            order_ref: string;
            /**
             * @description held until `held_until`, then expired: the licenses are available again, as after released
             * @enum {string}
             */
            state: "held" | "assigned" | "released" | "expired";
            /**
             * Format: date-time
             * @description The end of the hold; null when the licenses were assigned at once
             * @example 2027-02-01T00:00:00.000Z
             */
            held_until: string | null;
            /**
             * Format: uuid
             * @description The customer of the licenses, or for whom they are held
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            customer_id: string | null;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            created_at: string;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            ended_at: string | null;
            allowed_actions: components["schemas"]["HoldActions"];
            /** @description Licenses that the order took; the hold shows those that it still has */
            license_count: number;
        };
        License: {
            /**
             * @description An opaque id
             * @example lic_167772161
             */
            id: string;
            /** @description The license key. For a license of a signed generator: the certificate (JWS) that it has by itself, whose claim `jti` is the key; the key while it has no certificate. Viewers see only the last four characters of the key */
            key: string;
            /**
             * @description The first that applies of revoked, suspended, expired, active (it was activated on a device), assigned (to a customer), held (for an order) and available. The time is that of the test clock of its contract, if it has one
             * @enum {string}
             */
            status: "available" | "held" | "assigned" | "active" | "suspended" | "expired" | "revoked";
            /** @description Contract: <name>, for a deleted contract with its last name; Manual: created without a contract */
            source: string;
            /**
             * Format: uuid
             * @description null: created without a contract
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            contract_id: string | null;
            /**
             * Format: uuid
             * @description The generation job that generated it; null: created without a contract
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            job_id: string | null;
            /** @description Its number within the job or the request that created it, from 1 */
            ordinal: number;
            /** @enum {string} */
            environment: "production" | "staging" | "development";
            /** @description Generated while the contract was a draft */
            is_test: boolean;
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            product_id: string;
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            generator_id: string;
            /**
             * Format: uuid
             * @description The customer to whom it is assigned
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            customer_id: string | null;
            /**
             * Format: uuid
             * @description The customer of its contract
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            contract_customer_id: string | null;
            /** @description What it grants, fixed at generation */
            features: {
                [key: string]: unknown;
            };
            /** @description Devices on which it can be active; null: unlimited */
            activation_limit: number | null;
            /** @description Devices on which it is active */
            activations: number;
            /**
             * Format: date-time
             * @description The end of its validity; null: none
             * @example 2027-02-01T00:00:00.000Z
             */
            expires_at: string | null;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            created_at: string;
            /** @description Whether it was imported from another system; its `job_id` is the id of the import */
            imported: boolean;
            /**
             * Format: date-time
             * @description When it was created there
             * @example 2027-02-01T00:00:00.000Z
             */
            originally_created_at: string | null;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            assigned_at: string | null;
            /**
             * Format: date-time
             * @description The end of the hold for an order
             * @example 2027-02-01T00:00:00.000Z
             */
            held_until: string | null;
            /**
             * Format: date-time
             * @description The first activation on a device
             * @example 2027-02-01T00:00:00.000Z
             */
            activated_at: string | null;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            suspended_at: string | null;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            revoked_at: string | null;
            /**
             * @description Who asked: ui: an admin, with any program; api: the API key of a contract; schedule, replenish: Covenant
             * @enum {string}
             */
            channel: "ui" | "api" | "schedule" | "replenish";
            allowed_actions: components["schemas"]["LicenseActions"];
        };
        /** @description What this caller can do with the resource now. For each action: true, or the code with which every such request is refused. A request can still be refused because of its values, the catalogue, another contract, or the number of existing test licenses. An action whose effect is already in place is true: repeating it changes nothing. A response that is replayed for its Idempotency-Key shows the values of the first response. */
        LicenseActions: {
            suspend: components["schemas"]["AllowedAction"] & unknown;
            reinstate: components["schemas"]["AllowedAction"] & unknown;
            revoke: components["schemas"]["AllowedAction"] & unknown;
            return: components["schemas"]["AllowedAction"] & unknown;
        };
        LicenseCertificate: {
            /** @description A JWS in its compact form (EdDSA), at most 2048 bytes. It holds the license key */
            certificate: string;
            /**
             * @description An opaque id
             * @example lic_167772161
             */
            license_id: string;
            /** @description The key of the product that signed it */
            kid: string;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            issued_at: string;
            /**
             * Format: date-time
             * @description The end of its validity, in whole seconds in the certificate; null: none
             * @example 2027-02-01T00:00:00.000Z
             */
            expires_at: string | null;
            /** @description The only device on which it is valid; null: every device */
            device_id: string | null;
        };
        ContractUsage: {
            /**
             * Format: uuid
             * @description UUID
             * @example 0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
             */
            contract_id: string;
            /**
             * Format: date-time
             * @example 2027-02-01T00:00:00.000Z
             */
            as_of: string;
            quota: {
                total: number;
                generated: number;
                /** @description Not yet generated by unfinished jobs */
                reserved: number;
                remaining: number;
                /** @description Percentage generated, with one decimal */
                utilization: number;
            };
            /** @description The licenses of a contract of type pool, each in one of the counts, without test licenses; null for other types */
            pool: {
                /** @description Licenses that an order can take now */
                available: number;
                /** @description Available licenses that no order gets, because they expire within `min_remaining_validity` */
                expiring: number;
                /** @description Licenses that are held for orders */
                held: number;
                /** @description Licenses of customers, activated or not */
                assigned: number;
                /** @description Suspended licenses, of customers or not */
                suspended: number;
                /** @description Expired licenses, of customers or not */
                expired: number;
                /** @description Revoked licenses */
                revoked: number;
            } | null;
            /** @description Unfinished background jobs */
            open_jobs: number;
            /** @description Each window with a limit; empty: no limits */
            rate_limits: {
                /** @enum {string} */
                unit: "requests" | "licenses";
                /** @enum {string} */
                window: "minute" | "hour" | "day";
                limit: number;
                used: number;
                remaining: number;
                /**
                 * Format: date-time
                 * @description When the next window begins
                 * @example 2027-02-01T00:00:00.000Z
                 */
                reset: string;
            }[];
            /**
             * Format: date-time
             * @description When the API key of the contract was last used, to the minute
             * @example 2027-02-01T00:00:00.000Z
             */
            last_call_at: string | null;
            /** @description Refused calls of the last 24 hours by code, newest first */
            refusals: {
                code: string;
                calls: number;
                /**
                 * Format: date-time
                 * @example 2027-02-01T00:00:00.000Z
                 */
                last_minute: string;
            }[];
        };
        /** @description A contract is created, active or as a draft. */
        ContractCreatedEvent: {
            /** @constant */
            type: "contract.created";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description Fields of a contract are edited. */
        ContractUpdatedEvent: {
            /** @constant */
            type: "contract.updated";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description A draft is activated. */
        ContractActivatedEvent: {
            /** @constant */
            type: "contract.activated";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description The first term begins on its start date. */
        ContractTermStartedEvent: {
            /** @constant */
            type: "contract.term_started";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description An admin pauses a contract. */
        ContractPausedEvent: {
            /** @constant */
            type: "contract.paused";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description A paused contract is resumed, by an admin or at its `resume_at`. */
        ContractResumedEvent: {
            /** @constant */
            type: "contract.resumed";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description A contract is suspended, for unpaid invoices or for compliance. */
        ContractSuspendedEvent: {
            /** @constant */
            type: "contract.suspended";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description A suspended or terminated contract is reinstated. */
        ContractReinstatedEvent: {
            /** @constant */
            type: "contract.reinstated";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                /**
                 * Format: date-time
                 * @description The suspension was wrong, because a payment was reported late: from this instant
                 */
                should_not_have_been_suspended_from?: string;
                /** Format: date-time */
                should_not_have_been_suspended_to?: string;
            };
        };
        /** @description A new term begins, by an automatic renewal or by an admin. */
        ContractRenewedEvent: {
            /** @constant */
            type: "contract.renewed";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                term_number: number;
                /** @enum {string} */
                mode: "auto" | "manual";
                /**
                 * @description The day from which the new term counts
                 * @enum {string}
                 */
                basis: "from_expiry" | "from_now";
                /** Format: date */
                start_date: string;
                /**
                 * Format: date
                 * @description The first day that the term does not cover
                 */
                end_date: string;
                /** @description Days between the end of the old term and the start of the new one */
                gap_days: number;
                quota_added: number;
                reference: string | null;
                /** @description The contract with which the new term could not end */
                not_cotermed_with?: string | null;
            };
        };
        /** @description A term ends without a renewal, and the days of grace begin. */
        ContractGraceStartedEvent: {
            /** @constant */
            type: "contract.grace_started";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description A contract expires. */
        ContractExpiredEvent: {
            /** @constant */
            type: "contract.expired";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description A contract is terminated, by an admin or because invoices stay unpaid. */
        ContractTerminatedEvent: {
            /** @constant */
            type: "contract.terminated";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                /**
                 * @description Its issued licenses are revoked too
                 * @constant
                 */
                revoke_issued?: true;
            };
        };
        /** @description An amendment takes effect. */
        ContractAmendedEvent: {
            /** @constant */
            type: "contract.amended";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                /** Format: uuid */
                amendment_id: string;
                /** Format: date */
                effective_date: string;
            };
        };
        /** @description A contract is deleted. This is its last event. */
        ContractDeletedEvent: {
            /** @constant */
            type: "contract.deleted";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description An amendment is created for a later day. */
        AmendmentScheduledEvent: {
            /** @constant */
            type: "amendment.scheduled";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                /** Format: uuid */
                amendment_id: string;
                /** Format: date */
                effective_date: string;
                /** @description What it changes */
                changes: Record<string, never>;
            };
        };
        /** @description A pending amendment is withdrawn. */
        AmendmentCancelledEvent: {
            /** @constant */
            type: "amendment.cancelled";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                /** Format: uuid */
                amendment_id: string;
            };
        };
        /** @description An amendment cannot take effect on its day. Nothing is changed. */
        AmendmentFailedEvent: {
            /** @constant */
            type: "amendment.failed";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                /** Format: uuid */
                amendment_id: string;
                /** Format: date */
                effective_date: string;
                /** @description The code of the refusal */
                code: string;
                /** @description The same for people */
                detail: string;
            };
        };
        /** @description The end of a term comes nearer: 90, 60, 30 and 7 days before it. */
        RenewalReminderDueEvent: {
            /** @constant */
            type: "renewal.reminder_due";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                term_number: number;
                /** @description The first day that the term does not cover */
                end_date: string | null;
                /** @enum {string} */
                renewal_mode: "manual" | "auto" | "none";
                days_before: number;
                /**
                 * @description A later reminder is due already: there is no need to send this one
                 * @constant
                 */
                superseded?: true;
            };
        };
        /** @description The last day to opt out of the automatic renewal begins. */
        RenewalNoticeDueEvent: {
            /** @constant */
            type: "renewal.notice_due";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                term_number: number;
                /** @description The first day that the term does not cover */
                end_date: string | null;
                /** @enum {string} */
                renewal_mode: "manual" | "auto" | "none";
            };
        };
        /** @description The customer opts out of the automatic renewal. */
        RenewalOptedOutEvent: {
            /** @constant */
            type: "renewal.opted_out";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                /** @description The last term */
                opt_out_term: number;
            };
        };
        /** @description An automatic renewal is not possible. It is tried again on each day of grace. */
        RenewalBlockedEvent: {
            /** @constant */
            type: "renewal.blocked";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                term_number: number;
                /** @description The first day that the term does not cover */
                end_date: string | null;
                /** @enum {string} */
                renewal_mode: "manual" | "auto" | "none";
            };
        };
        /** @description An invoice is unpaid after its due date. */
        BillingPastDueEvent: {
            /** @constant */
            type: "billing.past_due";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description No invoice is overdue any more. */
        BillingClearedEvent: {
            /** @constant */
            type: "billing.cleared";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
            };
        };
        /** @description The API key of a contract is shown to an admin. */
        ContractApiKeyRevealedEvent: {
            /** @constant */
            type: "contract.api_key_revealed";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /** @description The id of the key: the part of it that is no secret */
                key_id: string;
                /** @description The id of the admin who did it */
                actor_id: string;
            };
        };
        /** @description The API key of a contract is replaced by a new one. */
        ContractApiKeyRotatedEvent: {
            /** @constant */
            type: "contract.api_key_rotated";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /** @description The id of the key: the part of it that is no secret */
                key_id: string;
                /** @description The id of the admin who did it */
                actor_id: string;
                /** @description The id of the key before */
                former_key_id: string | null;
                /** @description Until when the former key is accepted too. Null: it is rejected from now on */
                former_key_accepted_until: string | null;
            };
        };
        /** @description The quota of a contract is raised: by an edit, a renewal or an amendment. */
        QuotaGrantedEvent: {
            /** @constant */
            type: "quota.granted";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * @description The state afterwards
                 * @enum {string}
                 */
                state: "DRAFT" | "SCHEDULED" | "ACTIVE" | "PAST_DUE" | "EXPIRY_GRACE" | "PAUSED" | "SUSPENDED" | "EXPIRED" | "TERMINATED" | "DELETED";
                /** @description The revision of the contract afterwards */
                revision: number;
                /** @description Why, if a person or a rule gave a reason */
                reason: string | null;
                /** Format: uuid */
                amendment_id?: string;
                /** Format: date */
                effective_date?: string;
                /** @description What is added */
                amount: number;
                /** @description The quota afterwards */
                total: number;
                /** @description What it is for, such as Q2 */
                period_label: string | null;
                /** @description Licenses that are generated or reserved */
                claimed: number;
                remaining: number;
                /** @description The same for people */
                message: string;
            };
        };
        /** @description Claims use 80 or 100 percent of the quota. */
        QuotaThresholdReachedEvent: {
            /** @constant */
            type: "quota.threshold_reached";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * Format: uuid
                 * @description The job whose licenses reached it
                 */
                job_id: string;
                /** @description In percent */
                threshold: 80 | 100;
                /** @description Whether the same job reached a higher threshold too */
                superseded: boolean;
                total: number;
                claimed: number;
                remaining: number;
            };
        };
        /** @description By the forecast, the quota is used up within 7 days. */
        QuotaRunsOutSoonEvent: {
            /** @constant */
            type: "quota.runs_out_soon";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                in_days: number;
                /**
                 * Format: date
                 * @description In the time zone of the contract
                 */
                runs_out_on: string;
                /** @description Licenses a day in the last weeks */
                per_day: number;
                total: number;
                claimed: number;
                remaining: number;
            };
        };
        /** @description The available licenses of a pool fall below its `low_water`. Written again only after there were ten percent more. */
        PoolLowWaterEvent: {
            /** @constant */
            type: "pool.low_water";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                available: number;
                low_water: number;
            };
        };
        /** @description A pool cannot be replenished, such as because a job failed. */
        PoolReplenishBlockedEvent: {
            /** @constant */
            type: "pool.replenish_blocked";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /** @description What blocks it */
                code: string;
                /** @description How many licenses the pool should have */
                target: number | null;
                available: number;
                /** @description Licenses that jobs of the pool still have to generate */
                reserved: number;
                /** @description Licenses that were requested nevertheless */
                requested: number;
                /** @description What remains of the quota */
                remaining: number;
            };
        };
        /** @description A pool cannot be replenished up to its target, because the quota is used up. */
        PoolReplenishBlockedByQuotaEvent: {
            /** @constant */
            type: "pool.replenish_blocked_by_quota";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /** @description What blocks it */
                code: string;
                /** @description How many licenses the pool should have */
                target: number | null;
                available: number;
                /** @description Licenses that jobs of the pool still have to generate */
                reserved: number;
                /** @description Licenses that were requested nevertheless */
                requested: number;
                /** @description What remains of the quota */
                remaining: number;
            };
        };
        /** @description More is asked for than a limit allows: once when that begins, again at most once in 24 hours when the demand grows, and at most four weekly reminders. A limit that is only reached has no such event. */
        LimitExceededEvent: {
            /** @constant */
            type: "limit.exceeded";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /** @enum {string} */
                limit: "quota";
                /**
                 * Format: uuid
                 * @description The time in which the limit is exceeded (`GET /contracts/{id}/limit-episodes`)
                 */
                episode_id: string;
                /** @description The number of the notice within its episode, from 1 */
                number: number;
                /**
                 * @description `opened`: the first notice. `grown`: more is asked for than before. `reminder`: it is still exceeded
                 * @enum {string}
                 */
                occasion: "opened" | "grown" | "reminder";
                /** @description What the limit would have to be: `used` and the largest request that was refused */
                demand: number;
                /** @description What the limit is */
                limit_value: number;
                /** @description How much of it is used or reserved */
                used: number;
                /** @description The largest single request that was refused in this episode */
                largest_request: number;
                /**
                 * Format: date-time
                 * @description When the first request was refused
                 */
                opened_at: string;
            };
        };
        /** @description Licenses of a contract are generated: one event for each request or background job that generated any. */
        LicenseBatchGeneratedEvent: {
            /** @constant */
            type: "license.batch_generated";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /** Format: uuid */
                job_id: string;
                /**
                 * @description How the job ended
                 * @enum {string}
                 */
                state: "SUCCEEDED" | "PARTIAL" | "CANCELLED";
                licenses_requested: number;
                licenses_generated: number;
                /** @description Test licenses of a draft: they expire soon and use no quota */
                is_test: boolean;
                /** @description The first 100 of the licenses with their keys. Only deliveries have it, not the list of events */
                licenses: {
                    id: string;
                    key: string;
                }[];
                /** @description Lists all of them. Null when the event names no job and no operation. Only deliveries have it */
                licenses_url: string | null;
            };
        };
        /** @description Existing licenses are imported into a contract: one event for each end of an import that imported any. An import that is resumed ends again: the counts of its next event are those since the event before, so that sums are right. */
        LicenseBatchImportedEvent: {
            /** @constant */
            type: "license.batch_imported";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /**
                 * Format: uuid
                 * @description The import
                 */
                job_id: string;
                /**
                 * @description How the import ended this time
                 * @enum {string}
                 */
                state: "SUCCEEDED" | "PARTIAL" | "CANCELLED";
                /** @description Licenses */
                imported: number;
                /** @description Rows whose key the file or the contract had already */
                skipped: number;
                /** @description Rows that were not imported for the reason in the report */
                rejected: number;
                /** @description Rows that are not decided yet */
                pending: number;
                /** @description The first 100 of the licenses with their keys. Only deliveries have it, not the list of events */
                licenses: {
                    id: string;
                    key: string;
                }[];
                /** @description Lists all of them. Null when the event names no job and no operation. Only deliveries have it */
                licenses_url: string | null;
            };
        };
        /** @description Single licenses are created without a contract. */
        LicenseCreatedEvent: {
            /** @constant */
            type: "license.created";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                product_id: string;
                /** Format: uuid */
                generator_id: string;
                count: number;
                customer_id: string | null;
                expires_at: string | null;
                license_ids: string[];
                /** @description The first 100 of the licenses with their keys. Only deliveries have it, not the list of events */
                licenses: {
                    id: string;
                    key: string;
                }[];
                /** @description Lists all of them. Null when the event names no job and no operation. Only deliveries have it */
                licenses_url: string | null;
            };
        };
        /** @description Licenses are assigned to a customer. */
        LicenseAssignedEvent: {
            /** @constant */
            type: "license.assigned";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** @description The number of licenses */
                count: number;
                /** @description The first 100 of them */
                license_ids: string[];
                /** @description The operation on many licenses that did it (`GET /license-operations/{id}`) */
                operation_id: string | null;
                /**
                 * Format: uuid
                 * @description The customer who has them now
                 */
                customer_id: string;
                /** @description How many of them another customer had before */
                reassigned: number;
                /** @description The order of a pool that held them */
                hold_id: string | null;
                /** @description The reference of that order */
                order_ref: string | null;
                /** @description The first 100 of the licenses with their keys. Only deliveries have it, not the list of events */
                licenses: {
                    id: string;
                    key: string;
                }[];
                /** @description Lists all of them. Null when the event names no job and no operation. Only deliveries have it */
                licenses_url: string | null;
            };
        };
        /** @description Licenses are assigned to a customer, some of them from another one. */
        LicenseReassignedEvent: {
            /** @constant */
            type: "license.reassigned";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** @description The number of licenses */
                count: number;
                /** @description The first 100 of them */
                license_ids: string[];
                /** @description The operation on many licenses that did it (`GET /license-operations/{id}`) */
                operation_id: string | null;
                /**
                 * Format: uuid
                 * @description The customer who has them now
                 */
                customer_id: string;
                /** @description How many of them another customer had before */
                reassigned: number;
                /** @description The order of a pool that held them */
                hold_id: string | null;
                /** @description The reference of that order */
                order_ref: string | null;
                /** @description The first 100 of the licenses with their keys. Only deliveries have it, not the list of events */
                licenses: {
                    id: string;
                    key: string;
                }[];
                /** @description Lists all of them. Null when the event names no job and no operation. Only deliveries have it */
                licenses_url: string | null;
            };
        };
        /** @description A license is taken back from its customer. A license of a pool is available again. */
        LicenseReturnedEvent: {
            /** @constant */
            type: "license.returned";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                license_id: string;
                /** Format: uuid */
                job_id: string;
                customer_id: string | null;
                reason: string | null;
                /** @description The first 100 of the licenses with their keys. Only deliveries have it, not the list of events */
                licenses: {
                    id: string;
                    key: string;
                }[];
                /** @description Lists all of them. Null when the event names no job and no operation. Only deliveries have it */
                licenses_url: string | null;
            };
        };
        /** @description Licenses are suspended. */
        LicenseSuspendedEvent: {
            /** @constant */
            type: "license.suspended";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** @description The number of licenses */
                count: number;
                /** @description The first 100 of them */
                license_ids: string[];
                /** @description The operation on many licenses that did it (`GET /license-operations/{id}`) */
                operation_id: string | null;
                reason: string | null;
                /** @description The first 100 of the licenses with their keys. Only deliveries have it, not the list of events */
                licenses: {
                    id: string;
                    key: string;
                }[];
                /** @description Lists all of them. Null when the event names no job and no operation. Only deliveries have it */
                licenses_url: string | null;
            };
        };
        /** @description Suspended licenses are reinstated. */
        LicenseReinstatedEvent: {
            /** @constant */
            type: "license.reinstated";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** @description The number of licenses */
                count: number;
                /** @description The first 100 of them */
                license_ids: string[];
                /** @description The operation on many licenses that did it (`GET /license-operations/{id}`) */
                operation_id: string | null;
                reason: string | null;
                /** @description The first 100 of the licenses with their keys. Only deliveries have it, not the list of events */
                licenses: {
                    id: string;
                    key: string;
                }[];
                /** @description Lists all of them. Null when the event names no job and no operation. Only deliveries have it */
                licenses_url: string | null;
            };
        };
        /** @description Licenses are revoked for good. */
        LicenseRevokedEvent: {
            /** @constant */
            type: "license.revoked";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** @description The number of licenses */
                count: number;
                /** @description The first 100 of them */
                license_ids: string[];
                /** @description The operation on many licenses that did it (`GET /license-operations/{id}`) */
                operation_id: string | null;
                reason: string | null;
                /** @description The first 100 of the licenses with their keys. Only deliveries have it, not the list of events */
                licenses: {
                    id: string;
                    key: string;
                }[];
                /** @description Lists all of them. Null when the event names no job and no operation. Only deliveries have it */
                licenses_url: string | null;
            };
        };
        /** @description A background job ends and has not done all that was requested: one event for each such end. A job that is resumed can end again. A cancelled job has none, and neither has an import of up to 1,000 rows, whose answer says what was rejected. */
        JobFailedEvent: {
            /** @constant */
            type: "job.failed";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** @description Null for an operation on licenses of several contracts */
                contract_id: string | null;
                /**
                 * @description Licenses that are generated, existing licenses that are imported, or an operation on many licenses
                 * @enum {string}
                 */
                kind: "generation" | "import" | "license_operation";
                /**
                 * Format: uuid
                 * @description The job (`GET /jobs/{id}`), the import (`GET /contracts/{id}/licenses/import/{import_id}`), or the operation (`GET /license-operations/{id}`)
                 */
                job_id: string;
                /**
                 * @description PARTIAL: a part is done. FAILED: nothing is
                 * @enum {string}
                 */
                state: "PARTIAL" | "FAILED";
                /** @description Licenses or rows */
                requested: number;
                /** @description Those that are as requested */
                done: number;
                /** @description The others */
                failed: number;
                /** @description The code of the first error of a generation job */
                code: string | null;
            };
        };
        /** @description A run of a schedule generates fewer licenses than it should, because the quota is used up. */
        ScheduleRunShortenedEvent: {
            /** @constant */
            type: "schedule.run_shortened";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /** Format: uuid */
                schedule_id: string;
                /**
                 * Format: date-time
                 * @description When the run was due
                 */
                due_at: string;
                /** @description Why: QUOTA_EXCEEDED, CONTRACT_INACTIVE, MISSED, PERSON_ERASED or another code of a refusal */
                code: string;
                /** @description Licenses of each run of the schedule */
                requested: number;
                /** @description Licenses that the run has requested */
                licenses: number;
                job_id: string | null;
                /** @description Licenses that remain of the quota */
                remaining: number;
            };
        };
        /** @description A run of a schedule generates no licenses. */
        ScheduleRunSkippedEvent: {
            /** @constant */
            type: "schedule.run_skipped";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /** Format: uuid */
                schedule_id: string;
                /**
                 * Format: date-time
                 * @description When the run was due
                 */
                due_at: string;
                /** @description Why: QUOTA_EXCEEDED, CONTRACT_INACTIVE, MISSED, PERSON_ERASED or another code of a refusal */
                code: string;
                /** @description Licenses of each run of the schedule */
                requested: number;
                /** @description Licenses that the run has requested */
                licenses: number;
                job_id: string | null;
                /** @description Licenses that remain of the quota */
                remaining: number;
            };
        };
        /** @description The licenses of a run of a schedule are assigned to no customer, because the customer of the schedule was erased. Set another assign_to. */
        ScheduleRunUnassignedEvent: {
            /** @constant */
            type: "schedule.run_unassigned";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /** Format: uuid */
                schedule_id: string;
                /**
                 * Format: date-time
                 * @description When the run was due
                 */
                due_at: string;
                /** @description Why: QUOTA_EXCEEDED, CONTRACT_INACTIVE, MISSED, PERSON_ERASED or another code of a refusal */
                code: string;
                /** @description Licenses of each run of the schedule */
                requested: number;
                /** @description Licenses that the run has requested */
                licenses: number;
                job_id: string | null;
                /** @description Licenses that remain of the quota */
                remaining: number;
            };
        };
        /** @description The report of a contract is due by its schedule (`/contracts/{id}/report-schedules`): one event for each schedule and day. Of several that were missed, only the newest is written. */
        ReportDueEvent: {
            /** @constant */
            type: "report.due";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                contract_id: string;
                /** Format: uuid */
                schedule_id: string;
                /** @enum {string} */
                frequency: "weekly" | "monthly" | "quarterly";
                /**
                 * Format: date
                 * @description The local day on which it is due
                 */
                date: string;
                /**
                 * Format: date-time
                 * @description The instant at which it is due
                 */
                due_at: string;
            };
        };
        /** @description Covenant disables an endpoint of webhooks: it answered 410, or nothing but failures for five days. What it is owed waits until it is enabled. */
        WebhookDisabledEvent: {
            /** @constant */
            type: "webhook.disabled";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                endpoint_id: string;
                /**
                 * @description `gone`: it answered 410. `failing`: five days of nothing but failures
                 * @enum {string}
                 */
                reason: "gone" | "failing";
                /** @description Since when every attempt has failed; null if the one before succeeded */
                failing_since: string | null;
            };
        };
        /** @description An admin tests an endpoint (`POST /webhook-endpoints/{id}/test`). Only this endpoint receives it, whatever its filter is. */
        WebhookTestEvent: {
            /** @constant */
            type: "webhook.test";
            /**
             * Format: uuid
             * @description The id of the event. A receiver that has seen it can ignore it
             */
            id: string;
            /**
             * Format: date-time
             * @description When it happened, by the clock of the contract
             */
            at: string;
            /** @description Null for what does not belong to a contract */
            contract_id: string | null;
            /** @description Null for what concerns all environments */
            environment: ("production" | "staging" | "development") | null;
            /** @description The number of the event within its contract, from 1 and without gaps. Null without a contract */
            sequence: number | null;
            data: {
                /** Format: uuid */
                endpoint_id: string;
            };
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: {
        /**
         * @description Of a contract its revision, for `If-Match`; of an answer that can be cached what `If-None-Match` compares
         * @example "3"
         */
        ETag: string;
        /**
         * @description The path of what was created, not in the answer of a dry run; of a redirection the path of the page
         * @example /api/v1/jobs/0192f3a4-7b1c-7d3e-8f90-1a2b3c4d5e6f
         */
        Location: string;
        /**
         * @description The name of the file
         * @example attachment; filename="licenses.csv"
         */
        "Content-Disposition": string;
        /**
         * @description The answer is that of an earlier request with the same key, `order_ref` or file; else the field is absent
         * @example true
         */
        "Idempotent-Replayed": "true";
        /**
         * @description Every limit of the contract: requests or licenses (`qu`), their number (`q`) in so many seconds (`w`). Only in answers to the API key of a contract with limits
         * @example "requests-per-minute";q=60;w=60, "licenses-per-day";q=10000;w=86400;qu="licenses"
         */
        "RateLimit-Policy": string;
        /**
         * @description What is left (`r`) of the limit that is nearest to its end, and the seconds until it is reset (`t`)
         * @example "requests-per-minute";r=12;t=31
         */
        RateLimit: string;
        /**
         * @description After so many seconds the same request can succeed; absent when waiting does not help
         * @example 31
         */
        "Retry-After": number;
        /**
         * @description The cookie of the session, an empty one that ends it, or the cookie of a sign-in that has begun
         * @example __Host-covenant_session=…; Path=/; Secure; HttpOnly; SameSite=Lax
         */
        "Set-Cookie": string;
        /**
         * @description The scheme in which an API key is sent
         * @example Bearer
         */
        "WWW-Authenticate": string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getCaller: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The admin or the contract to which the API key belongs, or the admin of the session */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Me"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    generateLicenses: {
        parameters: {
            query?: {
                /** @description true: run the same checks and show the result, but change nothing; an Idempotency-Key is neither stored nor looked up */
                dry_run?: "true" | "false";
            };
            header?: {
                /** @description Repeated requests with the same key get the first response */
                "Idempotency-Key"?: string;
                /** @description ETag of the contract. The response is 412 when it has changed since */
                "If-Match"?: string;
            };
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description The number of licenses; from 100 on, a background job generates them */
                    count: number;
                    /** @description Requests with the same key generate once. The header Idempotency-Key can be used instead */
                    idempotency_key?: string;
                    /** @description true: test licenses of a draft, at most 5, valid for a week, not counted in the quota. Default: false */
                    test?: boolean;
                };
            };
        };
        responses: {
            /** @description Generated */
            201: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GenerateResult"];
                };
            };
            /** @description Queued */
            202: {
                headers: {
                    Location: components["headers"]["Location"];
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GenerateResult"];
                };
            };
            /** @description IDEMPOTENCY_KEY_CONFLICT: Two different idempotency keys; MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BILLING_SUSPENDED: Contract suspended: unpaid invoices; CONTRACT_EXPIRED: Contract expired; CONTRACT_INACTIVE: Contract inactive; CONTRACT_TERMINATED: Contract terminated; EXPIRY_IN_PAST: The expiry date is in the past; GENERATOR_KEYSPACE_EXHAUSTED: No free license key was found; GENERATOR_NOT_AVAILABLE: The generator cannot be used here; IDEMPOTENCY_IN_PROGRESS: The first request with this key is still running; INVALID_STATE_TRANSITION: Not possible in this state; PRODUCT_INACTIVE: The product is inactive; QUOTA_EXCEEDED: Quota exceeded; TEST_LICENSE_LIMIT: No more test licenses */
            409: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CONTRACT_DELETED: The contract was deleted */
            410: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description REVISION_CONFLICT: It was changed in the meantime */
            412: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE: The body has another media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_AS_IDEMPOTENCY_KEY: The idempotency key contains an API key; COUNT_ABOVE_RATE_LIMIT: More licenses than the rate limit allows; IDEMPOTENCY_KEY_REUSED: The idempotency key belongs to another request; VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED: Too many requests; TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CHANGES_BUSY: Other requests are changing the same row, or too many changes wait; CONTRACT_BUSY: Other requests are changing this contract; DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listJobs: {
        parameters: {
            query?: {
                /** @description Rows of a page */
                limit?: number;
                /** @description next_cursor of the previous page */
                cursor?: string;
                /** @description Default: production; with contract_id or schedule_id, the environment of the contract */
                environment?: "production" | "staging" | "development";
                /** @description UUID */
                contract_id?: string;
                /** @description Jobs of the runs of this schedule */
                schedule_id?: string;
                method?: "manual" | "api" | "background_job" | "schedule" | "replenishment" | "import";
                state?: "QUEUED" | "RUNNING" | "PAUSED" | "CANCELLING" | "SUCCEEDED" | "PARTIAL" | "FAILED" | "CANCELLED";
                /** @description Jobs that were created at or after this instant */
                from?: string;
                /** @description Jobs that were created before this instant */
                to?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["GenerationJob"][];
                        /** @description Cursor of the next page; null on the last page */
                        next_cursor: string | null;
                    };
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The job */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["GenerationJob"];
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    followJob: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stream */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/event-stream": components["schemas"]["ProgressEvent"];
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key; TOO_MANY_STREAMS: You have too many streams open */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE: The database cannot be reached; STREAMS_BUSY: Too many streams are open on this server */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    grabLicenses: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @description Your order. A repeated request for it gets the licenses that it still has, and never others; it needs no Idempotency-Key. Once it has none, because its hold is over or was released, or because they were returned, it is refused: then send a new `order_ref` */
                    order_ref: string;
                    /** @description All of them are taken, or none */
                    count: number;
                    /**
                     * Format: email
                     * @description The customer, who is created if missing. Without `hold_minutes` the licenses are assigned at once
                     * @example ada@example.com
                     */
                    customer_email?: string;
                    /** @description How long the licenses are held. Default without `customer_email`: 15 */
                    hold_minutes?: number;
                };
            };
        };
        responses: {
            /** @description The hold with its licenses */
            201: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Hold"];
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BILLING_SUSPENDED: Contract suspended: unpaid invoices; CONTRACT_EXPIRED: Contract expired; CONTRACT_INACTIVE: Contract inactive; CONTRACT_TERMINATED: Contract terminated; HOLD_EXPIRED: The hold is over; IDEMPOTENCY_IN_PROGRESS: The first request with this key is still running; NOT_A_POOL: The contract has no pool; ORDER_CLOSED: The order has no licenses any more; POOL_EMPTY: The pool is empty; POOL_INSUFFICIENT: The pool has too few licenses */
            409: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CONTRACT_DELETED: The contract was deleted */
            410: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE: The body has another media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ORDER_REF_REUSED: The order already has licenses; VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description RATE_LIMITED: Too many requests; TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    "RateLimit-Policy": components["headers"]["RateLimit-Policy"];
                    RateLimit: components["headers"]["RateLimit"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CHANGES_BUSY: Other requests are changing the same row, or too many changes wait; CONTRACT_BUSY: Other requests are changing this contract; DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    assignHold: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeated requests with the same key get the first response */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * Format: email
                     * @description The customer, who is created if missing. Default: the one for whom the licenses are held. Default: null
                     * @example ada@example.com
                     */
                    customer_email?: string | null;
                };
            };
        };
        responses: {
            /** @description The hold */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Hold"];
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description HOLD_EXPIRED: The hold is over; HOLD_NOT_OPEN: The hold is not open; IDEMPOTENCY_IN_PROGRESS: The first request with this key is still running; LICENSE_NOT_AVAILABLE: A license of the hold is not available */
            409: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE: The body has another media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_AS_IDEMPOTENCY_KEY: The idempotency key contains an API key; IDEMPOTENCY_KEY_REUSED: The idempotency key belongs to another request; VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CHANGES_BUSY: Other requests are changing the same row, or too many changes wait; DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    releaseHold: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeated requests with the same key get the first response */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The hold */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Hold"];
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description HOLD_NOT_OPEN: The hold is not open; IDEMPOTENCY_IN_PROGRESS: The first request with this key is still running */
            409: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_AS_IDEMPOTENCY_KEY: The idempotency key contains an API key; IDEMPOTENCY_KEY_REUSED: The idempotency key belongs to another request; VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CHANGES_BUSY: Other requests are changing the same row, or too many changes wait; DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getHold: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The hold */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Hold"];
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listHolds: {
        parameters: {
            query?: {
                /** @description Rows of a page */
                limit?: number;
                /** @description next_cursor of the previous page */
                cursor?: string;
                /** @description The state now: a hold is expired from `held_until` on */
                state?: "held" | "assigned" | "released" | "expired";
                order?: "asc" | "desc";
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["ListedHold"][];
                        /** @description Cursor of the next page; null on the last page */
                        next_cursor: string | null;
                    };
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CONTRACT_DELETED: The contract was deleted */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CHANGES_BUSY: Other requests are changing the same row, or too many changes wait; CONTRACT_BUSY: Other requests are changing this contract; DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    returnLicense: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeated requests with the same key get the first response */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description An opaque id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /** @description For the audit. Default: null */
                    reason?: string | null;
                };
            };
        };
        responses: {
            /** @description The license */
            200: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["License"];
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description IDEMPOTENCY_IN_PROGRESS: The first request with this key is still running; LICENSE_ALREADY_ACTIVATED: The license was already activated; LICENSE_NOT_ASSIGNED: The license is not assigned; LICENSE_REVOKED: The license is revoked; RETURN_PERIOD_OVER: The license can no longer be returned */
            409: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE: The body has another media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_AS_IDEMPOTENCY_KEY: The idempotency key contains an API key; IDEMPOTENCY_KEY_REUSED: The idempotency key belongs to another request; VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CHANGES_BUSY: Other requests are changing the same row, or too many changes wait; DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listLicenses: {
        parameters: {
            query?: {
                /** @description Default: production; with contract_id or job_id, its environment */
                environment?: "production" | "staging" | "development";
                /** @description UUID */
                contract_id?: string;
                /** @description UUID */
                job_id?: string;
                /** @description The customer to whom the licenses are assigned */
                customer_id?: string;
                /** @description The customer of the contract */
                contract_customer_id?: string;
                /** @description Manual, Contract (of any contract), or the complete value: Contract: <name> */
                source?: string;
                /** @description The product when the licenses were generated. Needs one of contract_id, job_id, customer_id, contract_customer_id, or a source other than Contract */
                product_id?: string;
                /** @description Licenses that were generated at or after this instant. Needs one of contract_id, job_id, customer_id, contract_customer_id, or a source other than Contract */
                created_from?: string;
                /** @description Licenses that were generated before this instant. Needs one of contract_id, job_id, customer_id, contract_customer_id, or a source other than Contract */
                created_to?: string;
                /** @description Licenses that were assigned to their customer at or after this instant. Needs one of contract_id, job_id, customer_id, contract_customer_id, or a source other than Contract */
                assigned_from?: string;
                /** @description Licenses that were assigned to their customer before this instant. Needs one of contract_id, job_id, customer_id, contract_customer_id, or a source other than Contract */
                assigned_to?: string;
                /** @description Licenses whose first activation was at or after this instant. Needs one of contract_id, job_id, customer_id, contract_customer_id, or a source other than Contract */
                activated_from?: string;
                /** @description Licenses whose first activation was before this instant. Needs one of contract_id, job_id, customer_id, contract_customer_id, or a source other than Contract */
                activated_to?: string;
                /** @description Licenses that expire at or after this instant. Needs one of contract_id, job_id, customer_id, contract_customer_id, or a source other than Contract */
                expires_from?: string;
                /** @description Licenses that expire before this instant. Needs one of contract_id, job_id, customer_id, contract_customer_id, or a source other than Contract */
                expires_to?: string;
                /** @description A complete key, a complete id, or at least the first three characters of keys */
                search?: string;
                /** @description One status, or several: repeated, or separated by commas */
                status?: ("available" | "held" | "assigned" | "active" | "suspended" | "expired" | "revoked")[];
                /** @description Whether a license is active on a device now */
                has_devices?: "true" | "false";
                is_test?: "true" | "false";
                /** @description Rows of a page */
                limit?: number;
                /** @description next_cursor of the previous page */
                cursor?: string;
                order?: "asc" | "desc";
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One page */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        data: components["schemas"]["License"][];
                        /** @description Cursor of the next page; null on the last page */
                        next_cursor: string | null;
                    };
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description FILTER_TOO_BROAD: The filter is too broad; VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    exportJobLicenses: {
        parameters: {
            query?: {
                /** @description true: the file begins with a byte order mark, by which Excel recognizes UTF-8 */
                bom?: "true" | "false";
            };
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The file */
            200: {
                headers: {
                    "Content-Disposition": components["headers"]["Content-Disposition"];
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key; TOO_MANY_STREAMS: You have too many streams open */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE: The database cannot be reached; STREAMS_BUSY: Too many streams are open on this server */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLicenseCertificate: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description An opaque id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The certificate */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LicenseCertificate"];
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CERTIFICATE_TOO_LARGE: The certificate is too large; CONTRACT_INACTIVE: Contract inactive; EXPIRY_NOT_KNOWN: The expiry of the license is not known yet; IDEMPOTENCY_IN_PROGRESS: The first request with this key is still running; LICENSE_EXPIRED: The license has expired; LICENSE_NOT_ASSIGNED: The license is not assigned; LICENSE_REVOKED: The license is revoked; LICENSE_SUSPENDED: The license is suspended; SIGNING_KEY_MISSING: The product has no signing key; SIGNING_KEY_UNREADABLE: The signing key cannot be used; SIGNING_NOT_CONFIGURED: This installation cannot sign licenses */
            409: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createLicenseCertificate: {
        parameters: {
            query?: never;
            header?: {
                /** @description Repeated requests with the same key get the first response */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description An opaque id */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                "application/json": {
                    /**
                     * @description How long it is valid at most; null: as long as the license. A short period limits the use of a license that is revoked. Default: null
                     * @example P1Y
                     */
                    valid_for?: string | null;
                    /** @description A device on which the license is active. The certificate is valid on it alone, at most until the end of its lease. Default: null */
                    device_id?: string | null;
                };
            };
        };
        responses: {
            /** @description The certificate */
            201: {
                headers: {
                    "Idempotent-Replayed": components["headers"]["Idempotent-Replayed"];
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["LicenseCertificate"];
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CERTIFICATE_TOO_LARGE: The certificate is too large; CONTRACT_INACTIVE: Contract inactive; DEVICE_NOT_ACTIVATED: The license is not active on this device; EXPIRY_NOT_KNOWN: The expiry of the license is not known yet; IDEMPOTENCY_IN_PROGRESS: The first request with this key is still running; LICENSE_EXPIRED: The license has expired; LICENSE_NOT_ASSIGNED: The license is not assigned; LICENSE_REVOKED: The license is revoked; LICENSE_SUSPENDED: The license is suspended; SIGNING_KEY_UNREADABLE: The signing key cannot be used; SIGNING_NOT_CONFIGURED: This installation cannot sign licenses */
            409: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description BODY_TOO_LARGE: The body is too large */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description UNSUPPORTED_MEDIA_TYPE: The body has another media type */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_AS_IDEMPOTENCY_KEY: The idempotency key contains an API key; IDEMPOTENCY_KEY_REUSED: The idempotency key belongs to another request; VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CHANGES_BUSY: Other requests are changing the same row, or too many changes wait; DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getContractUsage: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description UUID */
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The usage */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ContractUsage"];
                };
            };
            /** @description MALFORMED_JSON: The body is not JSON */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description API_KEY_HAS_SPACES: The API key contains spaces; API_KEY_IN_COOKIE: The API key is in a cookie; API_KEY_IN_URL: The API key is in the URL; API_KEY_MALFORMED: This is not an API key; API_KEY_MISTYPED: The API key is mistyped; API_KEY_REPEATED: There is more than one API key; API_KEY_TOO_LONG: The API key is too long; API_KEY_TRUNCATED: The API key is incomplete; INVALID_API_KEY: The API key is not valid; SESSION_ENDED: The session has ended; UNAUTHENTICATED: An API key or a session is required */
            401: {
                headers: {
                    "WWW-Authenticate": components["headers"]["WWW-Authenticate"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description ADDRESS_NOT_ALLOWED: The address is not allowed; CROSS_SITE_REQUEST: The request comes from another site; FORBIDDEN_CALLER: This kind of API key does not allow this; FORBIDDEN_ROLE: Your role does not allow this; HTTPS_REQUIRED: HTTPS is required */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description NOT_FOUND: Not found */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CONTRACT_DELETED: The contract was deleted */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description VALIDATION_FAILED: The request is not valid */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description TOO_MANY_FAILED_AUTHENTICATIONS: Too many requests without a valid API key */
            429: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description CHANGES_BUSY: Other requests are changing the same row, or too many changes wait; CONTRACT_BUSY: Other requests are changing this contract; DATABASE_UNAVAILABLE: The database cannot be reached */
            503: {
                headers: {
                    "Retry-After": components["headers"]["Retry-After"];
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
